/* Attention, positions and whole transformers against values computed elsewhere in float64:
 * norm-wise to 1e-5 in float, 1e-11 in double. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/transformer.h"
#include "nn/work.h"
#include "support/net.h"
#include "support/reference.h"
#include "support/tokens.h"
#include "support/transformers.h"

/* ---- attention ---------------------------------------------------------------------------------
 */

static tren_layer *reals(tren_graph *g, int axis, const test_sequences *s) {
    tren_tensor t = {.axis = axis, .tokens = s->tokens, .c = s->width, .h = 1, .w = 1};
    tren_layer *x = tren_typed_input(g, t);
    x->wants_dy = x->kept = true;
    return x;
}

static tren_layer *linear(tren_graph *g, tren_layer *x, int out) {
    return tren_dense(g, x, out, &tren_identity, (tren_init){TREN_DRAW_HE, 0});
}

/* What the queries bring, and what the memory brings where it is the same x. */
static void check_dx(const test_token_run *run, const tren_layer *x, const test_sequences *s,
                     const tren_layer *memory, const test_sequences *m, const char *group) {
    size_t n = (size_t)s->rows * (size_t)s->tokens * (size_t)s->width;
    real *dx = test_padded(s, layer_dy(run->work, x), s->width);
    real *more = memory ? test_padded(m, layer_dy(run->work, memory), m->width) : NULL;
    for (size_t i = 0; i < n && more; i++) dx[i] += more[i];
    test_agrees_within(dx, group, "dx", test_allowed);
    free(dx);
    free(more);
}

/* Two heads of 4. The file's self-attention whose keys have lengths, while every query counts, is
 * cross-attention to the x without their padding. */
static void check_attention(const char *group, bool causal, const char *memory, int shards) {
    test_sequences x, dy, m;
    const test_sequences *axis[TREN_AXES] = {&x, memory ? &m : NULL};
    test_sequences_open(&x, group, "x", NULL, false);
    test_sequences_open(&dy, group, "dy", NULL, false);
    if (memory) test_sequences_open(&m, group, memory, "lengths", false);
    real *given = calloc((size_t)dy.total * 8, sizeof *given);
    for (int i = 0; i < dy.total * 8; i++) given[i] = (real)dy.at[i];
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    tren_layer *in = reals(g, 1, &x), *source = memory ? reals(g, 2, &m) : NULL, *kv = source;
    test_naming names = {.n = 0};
    tren_layer *q = linear(g, in, memory ? 8 : 24);
    test_add_name(&names, memory ? "wq" : "wq wk wv", "");
    test_add_name(&names, memory ? "bq" : "bq bk bv", "");
    if (kv) {
        kv = linear(g, kv, 16);
        test_add_name(&names, "wk wv", "");
        test_add_name(&names, "bk bv", "");
    }
    tren_layer *y = tren_attention(g, q, kv, (tren_attention_spec){2, causal});
    y = linear(g, y, 8);
    y->kept = true;
    test_add_name(&names, "wo", "");
    test_add_name(&names, "bo", "");
    test_given_gradient(g, y, given);
    cr_assert_eq(tren_graph_complete(g), TREN_OK, "%s", tren_error_text());
    real *value = test_named_values(g, &names, group, "");
    test_token_run run;
    test_token_run_open(&run, g, value, axis, shards);
    test_token_input(&run, 0, &x);
    if (memory) test_token_input(&run, 1, &m);
    tren_forward(run.work, &run.pass);
    test_agrees_within(layer_y(run.work, y), group, "y", test_allowed);
    tren_backward(run.work, &run.pass);
    bool same = memory && strcmp(memory, "x") == 0;
    check_dx(&run, in, &x, same ? source : NULL, &m, group);
    test_compare_all(g, &names, group, "d", run.node);
    test_token_run_close(&run);
    free(value);
    tren_graph_close(g);
    free(given);
    test_sequences_close(&x);
    test_sequences_close(&dy);
    if (memory) test_sequences_close(&m);
}

Test(reference_tokens, attention) {
    for (int shards = 1; shards <= 3; shards += 2) {
        check_attention("attention_causal", true, NULL, shards);
        check_attention("attention_cross", false, "memory", shards);
        check_attention("attention_padded", false, "x", shards);
    }
}

/* ---- positions ---------------------------------------------------------------------------------
 */

static void check_sinusoid(const char *group, int width) {
    test_values table = test_reference(group, "table");
    test_sequences zeros = {.rows = 1, .tokens = table.dim[0], .width = width};
    zeros.length[0] = zeros.total = zeros.tokens;
    zeros.at = calloc(table.n, sizeof *zeros.at);
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    tren_layer *x = reals(g, 1, &zeros), *y = tren_sinusoid(g, x, 3);
    y->kept = true;
    real *dy = calloc(table.n, sizeof *dy), value = 0;
    for (size_t i = 0; i < table.n; i++) dy[i] = (real)i;
    test_given_gradient(g, y, dy);
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
    test_token_run run;
    const test_sequences *axis[TREN_AXES] = {&zeros};
    test_token_run_open(&run, g, &value, axis, 1);
    test_token_input(&run, 0, &zeros);
    tren_forward(run.work, &run.pass);
    test_agrees_within(layer_y(run.work, y), group, "table", TEST_REFERENCE_ERROR);
    tren_backward(run.work, &run.pass);
    for (size_t i = 0; i < table.n; i++) cr_expect_eq(layer_dy(run.work, x)[i], 3 * dy[i]);
    test_token_run_close(&run);
    tren_graph_close(g);
    test_sequences_close(&zeros);
    free(dy);
    free(table.at);
}

Test(reference_tokens, sinusoidal_positions) {
    check_sinusoid("sinusoidal_positions", 16);
    check_sinusoid("sinusoidal_positions_odd", 7);
}

/* ---- networks ----------------------------------------------------------------------------------
 */

/* Everything of gpt but the tied head. */
static tren_graph *build_untied(tren_dataset_info info) {
    tren_config config;
    tren_config_defaults(&config);
    cr_assert_eq(tren_config_set(&config, "model.layers",
                                 "[embedding: 16, positions, {repeat: 2, transformer: {heads: 2, "
                                 "causal: true}}, layer_norm, dense: outputs]",
                                 "test"),
                 TREN_OK);
    tren_graph *g = NULL;
    cr_assert_eq(tren_model_build(&g, &config, &info), TREN_OK, "%s", tren_error_text());
    return g;
}

/* The sequences of a case, and its labels: of each token, or of each row. */
typedef struct network_case {
    const char *group;
    tren_graph *graph;
    test_naming names;
    test_sequences in[TREN_AXES], target;
    int n_inputs;
    int32_t *label;
    bool by_row; /* labels and logits are of rows */
} network_case;

static void check_logits(const network_case *c, test_token_run *run, int width) {
    real *z = layer_y(run->work, c->graph->layer[c->graph->n_layers - 2]);
    real *padded = c->by_row ? z : test_padded(&c->target, z, width);
    test_agrees_within(padded, c->group, "logits", test_allowed);
    if (!c->by_row) free(padded);
}

static void check_network(network_case *c, int shards, bool portable) {
    tren_graph *g = c->graph;
    const test_sequences *axis[TREN_AXES] = {&c->in[0], c->n_inputs > 1 ? &c->in[1] : NULL};
    tren_layer *logits = g->layer[g->n_layers - 2];
    logits->kept = true;
    g->portable = portable;
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
    real *value = test_named_values(g, &c->names, c->group, "param/");
    test_token_run run;
    test_token_run_open(&run, g, value, axis, shards);
    for (int i = 0; i < c->n_inputs; i++) test_token_input(&run, i, &c->in[i]);
    run.pass.label = c->label;
    double counted, loss = test_token_forward(&run, &counted);
    check_logits(c, &run, tren_tensor_width(logits->out));
    real mean = (real)(loss / counted);
    test_agrees_within(&mean, c->group, "loss", test_allowed);
    run.pass.scale = (real)(1 / counted);
    for (int i = 0; i < c->n_inputs; i++) test_token_input(&run, i, &c->in[i]);
    test_token_forward(&run, &counted);
    tren_backward(run.work, &run.pass);
    test_compare_all(g, &c->names, c->group, "grad/", run.node);
    test_token_run_close(&run);
    free(value);
}

static void run_case(network_case *c) {
    tren_blas_threads(1);
    for (int portable = 0; portable < 2; portable++)
        for (int shards = 1; shards <= c->in[0].rows; shards += c->in[0].rows - 1)
            check_network(c, shards, portable);
    for (int i = 0; i < c->n_inputs; i++) test_sequences_close(&c->in[i]);
    if (!c->by_row) test_sequences_close(&c->target);
    tren_graph_close(c->graph);
    free(c->label);
}

static void open_labels(network_case *c, const char *lengths) {
    test_sequences_open(&c->target, c->group, "target", lengths, true);
    c->label = calloc((size_t)c->target.total, sizeof *c->label);
    for (int i = 0; i < c->target.total; i++) c->label[i] = (int32_t)c->target.at[i];
}

Test(reference_tokens, gpt) {
    network_case c = {.group = "gpt_tiny", .n_inputs = 1};
    c.graph = test_transformer("gpt", test_text_info(29, 12, 0, 1), 0);
    test_name_pre_norm(&c.names, NULL);
    test_sequences_open(&c.in[0], c.group, "ids", NULL, true);
    open_labels(&c, NULL);
    run_case(&c);
}

Test(reference_tokens, gpt_untied_with_rows_of_different_length) {
    network_case c = {.group = "gpt_tiny_untied_padded", .n_inputs = 1};
    c.graph = build_untied(test_text_info(29, 12, 0, 1));
    test_name_pre_norm(&c.names, "lm_head");
    test_sequences_open(&c.in[0], c.group, "ids", "lengths", true);
    open_labels(&c, "lengths");
    run_case(&c);
}

Test(reference_tokens, encoder) {
    network_case c = {.group = "encoder_classifier", .n_inputs = 1, .by_row = true};
    tren_dataset_info info = test_text_info(23, 10, 0, 0);
    info.n_classes = 5;
    c.graph = test_transformer("encoder", info, 0);
    test_name_pre_norm(&c.names, "classifier");
    test_sequences_open(&c.in[0], c.group, "ids", "lengths", true);
    c.label = test_reference_labels(c.group, "target");
    run_case(&c);
}

Test(reference_tokens, seq2seq) {
    network_case c = {.group = "seq2seq_tiny", .n_inputs = 2};
    c.graph = test_transformer("seq2seq", test_text_info(31, 9, 7, 2), 0.1);
    test_name_seq2seq(&c.names);
    test_sequences_open(&c.in[0], c.group, "source", "source_lengths", true);
    test_sequences_open(&c.in[1], c.group, "ids", "target_lengths", true);
    open_labels(&c, "target_lengths");
    run_case(&c);
}
