/* Beam search on a network whose probabilities are written down. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "tren/models.h"

enum { END, X, Y, START, TOKENS };

/* The next token by the one before it. */
static const double next[TOKENS][TOKENS] = {[END] = {0.25, 0.25, 0.25, 0.25},
                                            [X] = {0.6, 0.15, 0.15, 0.1},
                                            [Y] = {0.25, 0.25, 0.25, 0.25},
                                            [START] = {0.45, 0.5, 0.04, 0.01}};

static tren_graph *build(const tren_dataset_info *info) {
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    tren_embedding_spec table = {.vocabulary = TOKENS, .width = TOKENS};
    tren_add_loss(g, tren_embedding(g, tren_model_tokens(g, 1, info), table),
                  &tren_loss_cross_entropy, NULL);
    cr_assert_eq(tren_graph_complete(g), TREN_OK, "%s", tren_error_text());
    return g;
}

/* The best hypothesis of two has so many tokens, and this probability. */
static void expect_best(tren_decoder *d, double penalty, int tokens, double probability) {
    const int32_t prompt[] = {START};
    tren_decoding how = {.most = 4, .beam = 2, .end = END, .length_penalty = penalty};
    const tren_hypothesis *h = tren_decode(d, &how, prompt, 1, NULL, 0);
    cr_expect_eq(h[0].n, tokens, "A = %g: %d tokens", penalty, h[0].n);
    cr_expect_float_eq(h[0].log_probability, log(probability), 1e-6);
    cr_expect(h[0].ended);
}

/* END at once has 0.45, X and END 0.3; the sum of logarithms over the length to the power of A
 * makes the longer one better from A = log2(log(0.3) / log(0.45)) = 0.59242 on. */
Test(decode, length_penalty_decides_between_short_and_long) {
    tren_dataset_info info = {.vocabulary = TOKENS,
                              .tokens = {8, 0},
                              .label_axis = 1,
                              .n_classes = TOKENS,
                              .n_targets = 1};
    tren_graph *g = build(&info);
    tren_decoder *d = NULL;
    real *value = calloc(g->n_values, sizeof *value);
    for (int i = 0; i < TOKENS * TOKENS; i++) value[i] = (real)log(next[i / TOKENS][i % TOKENS]);
    cr_assert_eq(tren_decoder_open(&d, g, value, &info, 2, 4), TREN_OK, "%s", tren_error_text());
    expect_best(d, 0, 1, 0.45);
    expect_best(d, 0.592, 1, 0.45);
    expect_best(d, 0.593, 2, 0.3);
    expect_best(d, 1, 2, 0.3);
    tren_decoder_close(d);
    free(value);
    tren_graph_close(g);
}
