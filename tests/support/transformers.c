#include "support/transformers.h"
#include "support/reference.h"
#include "tren/models.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#ifdef TREN_DOUBLE
static const double zero = 1e-13;
#else
static const double zero = 1e-5;
#endif

void test_add_name(test_naming *names, const char *format, const char *prefix) {
    snprintf(names->name[names->n++], sizeof names->name[0], format, prefix, prefix, prefix);
}

void test_each_part(const test_naming *names, int i, size_t off, const char *group,
                    const char *kind,
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

void test_compare(void *at, const char *group, const char *path, size_t n) {
    const real *x = at;
    bool is_zero = strstr(path, "k_proj.bias") || strcmp(path, "dbk") == 0;
    if (!is_zero) test_agrees_within(x, group, path, test_allowed);
    for (size_t k = 0; k < n && is_zero; k++)
        cr_expect_float_eq((double)x[k], 0, zero, "%s/%s: %g", group, path, (double)x[k]);
}

real *test_named_values(const tren_graph *g, const test_naming *names, const char *group,
                        const char *kind) {
    real *value = calloc(g->n_values, sizeof *value);
    cr_assert_eq(names->n, g->n_params);
    for (int i = 0; i < g->n_params; i++)
        test_each_part(names, i, g->param[i].at.off, group, kind, put, value);
    return value;
}

void test_compare_all(const tren_graph *g, const test_naming *names, const char *group,
                      const char *kind, real *values) {
    for (int i = 0; i < g->n_params; i++)
        test_each_part(names, i, g->param[i].at.off, group, kind, test_compare, values);
}

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

static void add_parts(test_naming *names, const char *prefix, int first, int n) {
    for (int i = first; i < first + n; i++) test_add_name(names, layer_parts[i], prefix);
}

void test_name_pre_norm(test_naming *names, const char *head) {
    names->n = 0;
    test_add_name(names, "embed_tokens.weight", "");
    test_add_name(names, "embed_positions.weight", "");
    for (int i = 0; i < 2; i++) {
        const char *layer = i ? "layers.1." : "layers.0.";
        add_parts(names, layer, NORM1, 6);
        add_parts(names, layer, NORM2, 6);
    }
    test_add_name(names, "norm.weight", "");
    test_add_name(names, "norm.bias", "");
    if (!head) return;
    test_add_name(names, "%s.weight", head);
    test_add_name(names, "%s.bias", head);
}

void test_name_seq2seq(test_naming *names) {
    static const char *const layer[] = {"encoder.layers.0.", "encoder.layers.1.",
                                        "decoder.layers.0.", "decoder.layers.1."};
    names->n = 0;
    test_add_name(names, "shared.weight", "");
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

tren_graph *test_transformer(const char *model, tren_dataset_info info, double smoothing) {
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

tren_dataset_info test_text_info(int vocabulary, int source, int target, int label_axis) {
    return (tren_dataset_info){.vocabulary = vocabulary,
                               .tokens = {source, target},
                               .label_axis = label_axis,
                               .n_classes = vocabulary,
                               .n_targets = 1};
}
