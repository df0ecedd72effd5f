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
#include "tren/optim.h"

#ifdef TREN_DOUBLE
static const double allowed = 1e-11, zero = 1e-13;
#else
static const double allowed = 1e-5, zero = 1e-5;
#endif

/* ---- parameters by name ------------------------------------------------------------------------
 */

/* The datasets of each parameter of a graph, in order; those of one parameter are joined by blanks
 * and lie one after the other in it. */
typedef struct naming {
    char name[80][200];
    int n;
} naming;

static void add_name(naming *names, const char *format, const char *prefix) {
    snprintf(names->name[names->n++], sizeof names->name[0], format, prefix, prefix, prefix);
}

/* Each dataset of parameter i: calls act(context, its name, where it lies in the values). */
static void each_part(const naming *names, int i, size_t off, const char *group, const char *kind,
                      void (*act)(void *at, const char *group, const char *path, size_t n),
                      real *values) {
    char list[200], path[220];
    memcpy(list, names->name[i], sizeof list);
    for (char *rest = list, *part; (part = strtok_r(rest, " ", &rest));) {
        snprintf(path, sizeof path, "%s%s", kind, part);
        test_values v = test_reference(group, path);
        act(values + off, group, path, v.n);
        off += v.n;
        free(v.at);
    }
}

static void put(void *at, const char *group, const char *path, size_t n) {
    real *from = test_reference_real(group, path);
    memcpy(at, from, n * sizeof *from);
    free(from);
}

/* The gradient of k_proj.bias is zero in exact arithmetic. */
static void compare(void *at, const char *group, const char *path, size_t n) {
    const real *x = at;
    bool is_zero = strstr(path, "k_proj.bias") || strcmp(path, "dbk") == 0;
    if (!is_zero) test_agrees_within(x, group, path, allowed);
    for (size_t k = 0; k < n && is_zero; k++)
        cr_expect_float_eq((double)x[k], 0, zero, "%s/%s: %g", group, path, (double)x[k]);
}

static real *values_of(const tren_graph *g, const naming *names, const char *group,
                       const char *kind) {
    real *value = calloc(g->n_values, sizeof *value);
    cr_assert_eq(names->n, g->n_params);
    for (int i = 0; i < g->n_params; i++)
        each_part(names, i, g->param[i].at.off, group, kind, put, value);
    return value;
}

static void compare_all(const tren_graph *g, const naming *names, const char *group,
                        const char *kind, real *values) {
    for (int i = 0; i < g->n_params; i++)
        each_part(names, i, g->param[i].at.off, group, kind, compare, values);
}

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
    test_agrees_within(dx, group, "dx", allowed);
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
    naming names = {.n = 0};
    tren_layer *q = linear(g, in, memory ? 8 : 24);
    add_name(&names, memory ? "wq" : "wq wk wv", "");
    add_name(&names, memory ? "bq" : "bq bk bv", "");
    if (kv) {
        kv = linear(g, kv, 16);
        add_name(&names, "wk wv", "");
        add_name(&names, "bk bv", "");
    }
    tren_layer *y = tren_attention(g, q, kv, (tren_attention_spec){2, causal});
    y = linear(g, y, 8);
    y->kept = true;
    add_name(&names, "wo", "");
    add_name(&names, "bo", "");
    test_given_gradient(g, y, given);
    cr_assert_eq(tren_graph_complete(g), TREN_OK, "%s", tren_error_text());
    real *value = values_of(g, &names, group, "");
    test_token_run run;
    test_token_run_open(&run, g, value, axis, shards);
    test_token_input(&run, 0, &x);
    if (memory) test_token_input(&run, 1, &m);
    tren_forward(run.work, &run.pass);
    test_agrees_within(layer_y(run.work, y), group, "y", allowed);
    tren_backward(run.work, &run.pass);
    bool same = memory && strcmp(memory, "x") == 0;
    check_dx(&run, in, &x, same ? source : NULL, &m, group);
    compare_all(g, &names, group, "d", run.node);
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

static const char *const layer_parts[] = {"%snorm1.weight",
                                          "%snorm1.bias",
                                          "%sself_attn.q_proj.weight %sself_attn.k_proj.weight "
                                          "%sself_attn.v_proj.weight",
                                          "%sself_attn.q_proj.bias %sself_attn.k_proj.bias "
                                          "%sself_attn.v_proj.bias",
                                          "%sself_attn.out_proj.weight",
                                          "%sself_attn.out_proj.bias",
                                          "%scross_attn.k_proj.weight %scross_attn.v_proj.weight",
                                          "%scross_attn.k_proj.bias %scross_attn.v_proj.bias",
                                          "%scross_attn.q_proj.weight",
                                          "%scross_attn.q_proj.bias",
                                          "%scross_attn.out_proj.weight",
                                          "%scross_attn.out_proj.bias",
                                          "%snorm2.weight",
                                          "%snorm2.bias",
                                          "%slinear1.weight",
                                          "%slinear1.bias",
                                          "%slinear2.weight",
                                          "%slinear2.bias",
                                          "%snorm3.weight",
                                          "%snorm3.bias"};
enum { NORM1 = 0, SELF = 2, CROSS = 6, NORM2 = 12, FEED = 14, NORM3 = 18 };

static void add_parts(naming *names, const char *prefix, int first, int n) {
    for (int i = first; i < first + n; i++) add_name(names, layer_parts[i], prefix);
}

static void name_pre_norm(naming *names, const char *head) {
    names->n = 0;
    add_name(names, "embed_tokens.weight", "");
    add_name(names, "embed_positions.weight", "");
    for (int i = 0; i < 2; i++) {
        const char *layer = i ? "layers.1." : "layers.0.";
        add_parts(names, layer, NORM1, 6);
        add_parts(names, layer, NORM2, 6);
    }
    add_name(names, "norm.weight", "");
    add_name(names, "norm.bias", "");
    if (!head) return;
    add_name(names, "%s.weight", head);
    add_name(names, "%s.bias", head);
}

static void name_seq2seq(naming *names) {
    static const char *const layer[] = {"encoder.layers.0.", "encoder.layers.1.",
                                        "decoder.layers.0.", "decoder.layers.1."};
    names->n = 0;
    add_name(names, "shared.weight", "");
    for (int i = 0; i < 4; i++) {
        bool decoder = i >= 2;
        add_parts(names, layer[i], SELF, 4);
        add_parts(names, layer[i], NORM1, 2);
        if (decoder) add_parts(names, layer[i], CROSS, 6);
        if (decoder) add_parts(names, layer[i], NORM2, 2);
        add_parts(names, layer[i], FEED, 4);
        add_parts(names, layer[i], decoder ? NORM3 : NORM2, 2);
    }
}

static tren_graph *build(const char *model, tren_dataset_info info, double smoothing) {
    tren_config config;
    tren_config_defaults(&config);
    snprintf(config.model.name, sizeof config.model.name, "%s", model);
    config.model.width = 16;
    config.model.heads = config.model.depth = 2;
    config.loss.label_smoothing = smoothing;
    tren_graph *g = NULL;
    cr_assert_eq(tren_model_build(&g, &config, &info), TREN_OK, "%s", tren_error_text());
    return g;
}

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
    naming names;
    test_sequences in[TREN_AXES], target;
    int n_inputs;
    int32_t *label;
    bool by_row; /* labels and logits are of rows */
} network_case;

static void check_logits(const network_case *c, test_token_run *run, int width) {
    real *z = layer_y(run->work, c->graph->layer[c->graph->n_layers - 2]);
    real *padded = c->by_row ? z : test_padded(&c->target, z, width);
    test_agrees_within(padded, c->group, "logits", allowed);
    if (!c->by_row) free(padded);
}

static void check_network(network_case *c, int shards, bool portable) {
    tren_graph *g = c->graph;
    const test_sequences *axis[TREN_AXES] = {&c->in[0], c->n_inputs > 1 ? &c->in[1] : NULL};
    tren_layer *logits = g->layer[g->n_layers - 2];
    logits->kept = true;
    g->portable = portable;
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
    real *value = values_of(g, &c->names, c->group, "param/");
    test_token_run run;
    test_token_run_open(&run, g, value, axis, shards);
    for (int i = 0; i < c->n_inputs; i++) test_token_input(&run, i, &c->in[i]);
    run.pass.label = c->label;
    double counted, loss = test_token_forward(&run, &counted);
    check_logits(c, &run, tren_tensor_width(logits->out));
    real mean = (real)(loss / counted);
    test_agrees_within(&mean, c->group, "loss", allowed);
    run.pass.scale = (real)(1 / counted);
    for (int i = 0; i < c->n_inputs; i++) test_token_input(&run, i, &c->in[i]);
    test_token_forward(&run, &counted);
    tren_backward(run.work, &run.pass);
    compare_all(g, &c->names, c->group, "grad/", run.node);
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

static tren_dataset_info info_of(int vocabulary, int source, int target, int label_axis) {
    return (tren_dataset_info){.vocabulary = vocabulary,
                               .tokens = {source, target},
                               .label_axis = label_axis,
                               .n_classes = vocabulary,
                               .n_targets = 1};
}

Test(reference_tokens, gpt) {
    network_case c = {.group = "gpt_tiny", .n_inputs = 1};
    c.graph = build("gpt", info_of(29, 12, 0, 1), 0);
    name_pre_norm(&c.names, NULL);
    test_sequences_open(&c.in[0], c.group, "ids", NULL, true);
    open_labels(&c, NULL);
    run_case(&c);
}

Test(reference_tokens, gpt_untied_with_rows_of_different_length) {
    network_case c = {.group = "gpt_tiny_untied_padded", .n_inputs = 1};
    c.graph = build_untied(info_of(29, 12, 0, 1));
    name_pre_norm(&c.names, "lm_head");
    test_sequences_open(&c.in[0], c.group, "ids", "lengths", true);
    open_labels(&c, "lengths");
    run_case(&c);
}

Test(reference_tokens, encoder) {
    network_case c = {.group = "encoder_classifier", .n_inputs = 1, .by_row = true};
    tren_dataset_info info = info_of(23, 10, 0, 0);
    info.n_classes = 5;
    c.graph = build("encoder", info, 0);
    name_pre_norm(&c.names, "classifier");
    test_sequences_open(&c.in[0], c.group, "ids", "lengths", true);
    c.label = test_reference_labels(c.group, "target");
    run_case(&c);
}

Test(reference_tokens, seq2seq) {
    network_case c = {.group = "seq2seq_tiny", .n_inputs = 2};
    c.graph = build("seq2seq", info_of(31, 9, 7, 2), 0.1);
    name_seq2seq(&c.names);
    test_sequences_open(&c.in[0], c.group, "source", "source_lengths", true);
    test_sequences_open(&c.in[1], c.group, "ids", "target_lengths", true);
    open_labels(&c, "target_lengths");
    run_case(&c);
}

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
    if (!strstr(path, "k_proj.bias")) test_agrees_within(at, group, path, allowed);
}

Test(reference_tokens, twenty_steps_of_adamw) {
    static const char group[] = "gpt_tiny_adamw_20_steps";
    test_values tokens = test_reference(group, "tokens"), rate = test_reference(group, "lr");
    tren_graph *g = build("gpt", info_of(29, TOKENS, 0, 1), 0);
    naming names;
    name_pre_norm(&names, NULL);
    real *value = values_of(g, &names, group, "param_initial/"),
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
    test_agrees_within(loss, group, "loss", allowed);
    test_agrees_within(norm, group, "norm", allowed);
    for (int i = 0; i < g->n_params; i++)
        each_part(&names, i, g->param[i].at.off, group, "param_final/", compare_trained, value);
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
    cr_expect_float_eq(found, sum, 100 * allowed, "%s/%s: %.17g, not %.17g", group, name, found,
                       sum);
    free(v.at);
}

Test(reference_tokens, greedy_decoding) {
    tren_dataset_info info = info_of(29, TOKENS, 0, 1);
    tren_graph *g = build("gpt", info, 0);
    naming names;
    name_pre_norm(&names, NULL);
    real *value = values_of(g, &names, "gpt_tiny", "param/");
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

Test(reference_tokens, beam_search) {
    tren_dataset_info info = info_of(31, 9, 10, 2);
    tren_graph *g = build("seq2seq", info, 0);
    naming names;
    name_seq2seq(&names);
    real *value = values_of(g, &names, "seq2seq_tiny", "param/");
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
