/* A transformer that is trained and texts that are decoded, against values computed elsewhere in
 * float64. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/reference.h"
#include "support/tokens.h"
#include "support/transformers.h"
#include "tren/models.h"
#include "tren/optim.h"

/* ---- training ----------------------------------------------------------------------------------
 */

enum { STEPS = 20, ROWS = 3, TOKENS = 12 };

/* Row i of step s: 13 tokens, of which the first 12 are read and the last 12 predicted. */
static void choose_step(test_sequences *in, int32_t *label, const test_values *tokens, int s) {
    for (int i = 0; i < ROWS; i++)
        for (int t = 0; t < TOKENS; t++) {
            const double *row = tokens->at + (size_t)(s * ROWS + i) * (TOKENS + 1);
            in->at[i * TOKENS + t] = row[t];
            label[i * TOKENS + t] = (int32_t)row[t + 1];
        }
}

static double norm_of(const real *x, size_t n) {
    return sqrt(tren_kernels_best()->sum_squares(x, n));
}

static void update(const tren_graph *g, real *value, real *const *state, const real *gradient,
                   double learning_rate, int step) {
    tren_optimizer_options options = {.beta1 = 0.9, .beta2 = 0.95, .epsilon = 1e-8};
    tren_update u = {.kernels = g->kernels,
                     .options = &options,
                     .learning_rate = learning_rate,
                     .scale = tren_clip_scale(1, norm_of(gradient, g->n_learned)),
                     .t = step + 1};
    for (int i = 0; i < g->n_params; i++) {
        tren_span at = g->param[i].at;
        u.decay = g->param[i].decay ? 0.1 : 0;
        real *mine[] = {state[0] + at.off, state[1] + at.off};
        tren_optimizer_named("adamw")->update(value + at.off, gradient + at.off, mine, at.len, &u);
    }
}

/* AdamW turns the rounding of k_proj.bias's gradient into steps, which change no output. */
static void compare_trained(void *at, const char *group, const char *path, size_t n) {
    (void)n;
    if (!strstr(path, "k_proj.bias")) test_agrees_within(at, group, path, test_allowed);
}

Test(reference_decoding, twenty_steps_of_adamw) {
    static const char group[] = "gpt_tiny_adamw_20_steps";
    test_values tokens = test_reference(group, "tokens"), rate = test_reference(group, "lr");
    tren_graph *g = test_transformer("gpt", test_text_info(29, TOKENS, 0, 1), 0);
    test_naming names;
    test_name_pre_norm(&names, NULL);
    real *value = test_named_values(g, &names, group, "param_initial/"),
         *state[] = {calloc(g->n_values, sizeof(real)), calloc(g->n_values, sizeof(real))};
    double room[ROWS * TOKENS];
    int32_t label[ROWS * TOKENS];
    test_sequences in = {.rows = ROWS,
                         .tokens = TOKENS,
                         .length = {TOKENS, TOKENS, TOKENS},
                         .total = ROWS * TOKENS,
                         .at = room,
                         .width = 1};
    real loss[STEPS], norm[STEPS];
    test_token_run run;
    const test_sequences *axis[TREN_AXES] = {&in};
    test_token_run_open(&run, g, value, axis, 1);
    run.pass.label = label;
    run.pass.scale = (real)(1.0 / (ROWS * TOKENS));
    for (int s = 0; s < STEPS; s++) {
        double counted;
        choose_step(&in, label, &tokens, s);
        test_token_input(&run, 0, &in);
        loss[s] = (real)(test_token_forward(&run, &counted) / (ROWS * TOKENS));
        tren_backward(run.work, &run.pass);
        norm[s] = (real)norm_of(run.node, g->n_learned);
        update(g, value, state, run.node, rate.at[s], s);
    }
    test_agrees_within(loss, group, "loss", test_allowed);
    test_agrees_within(norm, group, "norm", test_allowed);
    for (int i = 0; i < g->n_params; i++)
        test_each_part(&names, i, g->param[i].at.off, group, "param_final/", compare_trained,
                       value);
    test_token_run_close(&run);
    tren_graph_close(g);
    free(value);
    free(state[0]);
    free(state[1]);
    free(tokens.at);
    free(rate.at);
}

/* ---- decoding ----------------------------------------------------------------------------------
 */

static int32_t *numbers(const char *group, const char *name, int *n) {
    test_values v = test_reference(group, name);
    int32_t *at = calloc(v.n, sizeof *at);
    for (size_t i = 0; i < v.n; i++) at[i] = (int32_t)v.at[i];
    *n = (int)v.n;
    free(v.at);
    return at;
}

/* The sum of the file's logarithms, row i of an array of `width` columns. */
static void check_log_probability(double found, const char *group, const char *name, int i,
                                  int width) {
    test_values v = test_reference(group, name);
    double sum = 0;
    for (int k = 0; k < width; k++) sum += v.at[i * width + k];
    cr_expect_float_eq(found, sum, 100 * test_allowed, "%s/%s: %.17g, not %.17g", group, name,
                       found, sum);
    free(v.at);
}

Test(reference_decoding, greedy_decoding) {
    tren_dataset_info info = test_text_info(29, TOKENS, 0, 1);
    tren_graph *g = test_transformer("gpt", info, 0);
    test_naming names;
    test_name_pre_norm(&names, NULL);
    real *value = test_named_values(g, &names, "gpt_tiny", "param/");
    tren_decoder *d;
    cr_assert_eq(tren_decoder_open(&d, g, value, &info, 1, TOKENS), TREN_OK);
    for (int i = 0; i < 3; i++) {
        char group[40];
        int n, n_prompt;
        snprintf(group, sizeof group, "gpt_tiny_greedy/prompt%d", i);
        int32_t *prompt = numbers(group, "prompt", &n_prompt), *want = numbers(group, "tokens", &n);
        tren_decoding how = {.most = n, .beam = 1, .end = -1};
        const tren_hypothesis *h = tren_decode(d, &how, prompt, n_prompt, NULL, 0);
        cr_assert_eq(h->n, n);
        cr_expect_arr_eq(h->token, want, (size_t)n * sizeof *want, "%s", group);
        check_log_probability(h->log_probability, group, "logprob", 0, n);
        free(prompt);
        free(want);
    }
    tren_decoder_close(d);
    tren_graph_close(g);
    free(value);
}

static void check_beam(tren_decoder *d, const char *group, int beam) {
    enum { MOST = 10, BEGIN = 1, END = 2 };
    static const int32_t begin[] = {BEGIN};
    int n_source, n;
    int32_t *source = numbers(group, "source", &n_source),
            *want = numbers(group, beam > 1 ? "tokens" : "greedy_tokens", &n);
    tren_decoding how = {.most = MOST, .beam = beam, .end = END};
    const tren_hypothesis *h = tren_decode(d, &how, begin, 1, source, n_source);
    int width = n / beam;
    for (int i = 0; i < beam; i++) {
        int length = 0;
        while (length < width && want[i * width + length] >= 0) length++;
        cr_assert_eq(h[i].n, length, "%s: %d", group, i);
        cr_expect_arr_eq(h[i].token, want + i * width, (size_t)length * sizeof *want, "%s: %d",
                         group, i);
        check_log_probability(h[i].log_probability, group,
                              beam > 1 ? "token_logprob" : "greedy_logprob", i, width);
    }
    free(source);
    free(want);
}

Test(reference_decoding, beam_search) {
    tren_dataset_info info = test_text_info(31, 9, 10, 2);
    tren_graph *g = test_transformer("seq2seq", info, 0);
    test_naming names;
    test_name_seq2seq(&names);
    real *value = test_named_values(g, &names, "seq2seq_tiny", "param/");
    tren_decoder *d;
    cr_assert_eq(tren_decoder_open(&d, g, value, &info, 3, 10), TREN_OK);
    for (int i = 0; i < 3; i++) {
        char group[40];
        snprintf(group, sizeof group, "seq2seq_tiny_beam/source%d", i);
        check_beam(d, group, 3);
        check_beam(d, group, 1);
    }
    tren_decoder_close(d);
    tren_graph_close(g);
    free(value);
}
