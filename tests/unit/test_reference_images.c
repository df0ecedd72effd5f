/* Layers of images and whole residual networks against values computed elsewhere in float64. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/net.h"
#include "support/reference.h"
#include "tren/models.h"

#ifdef TREN_DOUBLE
static const double allowed = 1e-10;
#else
static const double allowed = 1e-5;
#endif

/* How a case puts its layer on the input. */
typedef tren_layer *(*build_fn)(tren_graph *g, tren_layer *x);

static const tren_init no_init = {.kind = TREN_DRAW_HE};

static tren_layer *conv(tren_graph *g, tren_layer *x, int channels, int kernel, int stride,
                        int pad) {
    return tren_conv2d(
        g, x,
        (tren_conv_spec){
            .channels = channels, .kernel = kernel, .stride = stride, .pad = pad, .bias = true},
        no_init);
}
static tren_layer *conv3x3(tren_graph *g, tren_layer *x) {
    return conv(g, x, 8, 3, 1, 1);
}
static tren_layer *conv3x3_stride2(tren_graph *g, tren_layer *x) {
    return conv(g, x, 6, 3, 2, 1);
}
static tren_layer *conv1x1_stride2(tren_graph *g, tren_layer *x) {
    return conv(g, x, 8, 1, 2, 0);
}
static tren_layer *conv5x5(tren_graph *g, tren_layer *x) {
    return conv(g, x, 4, 5, 1, 2);
}
static tren_layer *conv3x3_odd_stride2(tren_graph *g, tren_layer *x) {
    return conv(g, x, 17, 3, 2, 1);
}
static tren_layer *max2(tren_graph *g, tren_layer *x) {
    return tren_max_pool(g, x, 2, 2);
}
static tren_layer *average4(tren_graph *g, tren_layer *x) {
    return tren_average_pool(g, x, 4, 4);
}
static tren_layer *norm(tren_graph *g, tren_layer *x) {
    return tren_batch_norm(g, x, false);
}

static tren_layer *group_norm3(tren_graph *g, tren_layer *x) {
    return tren_group_norm(g, x, 3);
}
static tren_layer *group_norm4(tren_graph *g, tren_layer *x) {
    return tren_group_norm(g, x, 4);
}
static tren_layer *leaky_relu(tren_graph *g, tren_layer *x) {
    return tren_activate(g, x, &tren_leaky_relu);
}
static tren_layer *elu(tren_graph *g, tren_layer *x) {
    return tren_activate(g, x, &tren_elu);
}
static tren_layer *silu(tren_graph *g, tren_layer *x) {
    return tren_activate(g, x, &tren_silu);
}
static tren_layer *sigmoid(tren_graph *g, tren_layer *x) {
    return tren_activate(g, x, &tren_sigmoid);
}
static tren_layer *softplus(tren_graph *g, tren_layer *x) {
    return tren_activate(g, x, &tren_softplus);
}

/* ---- layers ---------------------------------------------------------------------------------- */

static void put(real *value, const tren_param *p, const char *group, const char *name) {
    real *from = test_reference_real(group, name);
    memcpy(value + p->at.off, from, p->at.len * sizeof *from);
    free(from);
}

/* The case's rows in so many microbatches; what does not look at its neighbours must not mind. */
static void check_case(const char *name, build_fn build, int shards, const int *count) {
    test_values x = test_reference(name, "x");
    test_batch batch;
    test_batch_open(&batch, shards, count, x.dim[1], 1);
    cr_assert_eq(batch.rows, x.dim[0]);
    for (size_t i = 0; i < x.n; i++) batch.x[i] = (real)x.at[i];
    real *dy = test_reference_real(name, "dy");
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    tren_layer *input = test_images_with_gradient(g, x.shape);
    tren_layer *output = tren_flatten(g, build(g, input));
    output->kept = true;
    test_given_gradient(g, output, dy);
    cr_assert_eq(tren_graph_complete(g), TREN_OK, "%s", tren_error_text());
    real *value = calloc(g->n_values + 1, sizeof *value);
    for (int i = 0; i < g->n_params && i < 2; i++)
        put(value, &g->param[i], name, i == 0 ? "weight" : "bias");
    test_run run;
    test_run_open(&run,
                  &(test_run_spec){.graph = g, .value = value, .batch = &batch, .hi = shards});
    test_run_both(&run);
    test_agrees_within(test_output_of(&run, output), name, "y", allowed);
    test_agrees_within(test_gradient_of(&run, input), name, "dx", allowed);
    for (int i = 0; i < g->n_params && i < 2; i++)
        test_agrees_within(run.node[0] + g->param[i].at.off, name, i == 0 ? "dweight" : "dbias",
                           allowed);
    test_run_close(&run);
    tren_graph_close(g);
    test_batch_close(&batch);
    free(value);
    free(x.at);
    free(dy);
}

static void check_rowwise(const char *name, build_fn build, int rows) {
    check_case(name, build, 1, (int[]){rows});
    check_case(name, build, 3, (int[]){1, 0, rows - 1});
}

Test(reference_images, convolutions) {
    check_rowwise("conv3x3", conv3x3, 3);
    check_rowwise("conv3x3_stride2", conv3x3_stride2, 3);
    check_rowwise("conv1x1_stride2", conv1x1_stride2, 3);
    check_rowwise("conv5x5", conv5x5, 3);
    check_rowwise("conv3x3_odd_stride2", conv3x3_odd_stride2, 3);
}

Test(reference_images, pools) {
    check_rowwise("maxpool2", max2, 3);
    check_rowwise("maxpool2_odd", max2, 2);
    check_rowwise("avgpool4", average4, 3);
    check_rowwise("global_avgpool", tren_global_average_pool, 3);
}

Test(reference_images, batch_norm) {
    check_case("batchnorm2d", norm, 1, (int[]){6});
    check_case("batchnorm1d", norm, 1, (int[]){7});
}

Test(reference_images, group_norm) {
    check_rowwise("groupnorm", group_norm3, 3);
    check_rowwise("groupnorm_table", group_norm4, 5);
}

Test(reference_images, activations) {
    check_rowwise("leaky_relu", leaky_relu, 7);
    check_rowwise("elu", elu, 7);
    check_rowwise("silu", silu, 7);
    check_rowwise("sigmoid", sigmoid, 7);
    check_rowwise("softplus", softplus, 7);
}

/* One step of the running statistics, then prediction with them. */
Test(reference_images, running_statistics) {
    static const char name[] = "batchnorm2d_running";
    test_values x = test_reference(name, "x");
    test_batch batch;
    test_batch_open(&batch, 1, (int[]){x.dim[0]}, x.dim[1], 1);
    for (size_t i = 0; i < x.n; i++) batch.x[i] = (real)x.at[i];
    tren_graph *g = NULL;
    cr_assert_eq(tren_graph_open(&g, tren_kernels_best()), TREN_OK);
    tren_layer *output = tren_flatten(g, tren_batch_norm(g, tren_input(g, x.shape), false));
    real *zero = calloc(x.n, sizeof *zero);
    test_given_gradient(g, output, zero);
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
    real *value = calloc(g->n_values, sizeof *value);
    tren_graph_init(g, value, 1);
    put(value, &g->param[0], name, "weight");
    put(value, &g->param[1], name, "bias");
    test_run run;
    test_run_open(&run, &(test_run_spec){.graph = g, .value = value, .batch = &batch, .hi = 1});
    test_run_both(&run);
    for (size_t i = g->n_learned; i < g->n_values; i++)
        value[i] += (real)TREN_STATISTIC_MOMENTUM * (run.node[0][i] - value[i]);
    test_agrees_within(value + g->param[2].at.off, name, "running_mean", allowed);
    test_agrees_within(value + g->param[3].at.off, name, "running_var", allowed);
    run.pass.train = false;
    test_run_forward(&run);
    test_agrees_within(test_output_of(&run, output), name, "y_eval", allowed);
    test_run_close(&run);
    tren_graph_close(g);
    test_batch_close(&batch);
    free(value);
    free(zero);
    free(x.at);
}

/* ---- networks -------------------------------------------------------------------------------- */

/* The names that the file gives to the parameters of a block, in the order of ours. */
static void block_name(char *out, size_t n, int block, const char *part) {
    snprintf(out, n, "blocks.%d.%s", block, part);
}

typedef struct naming {
    char name[96][40];
    int n;
} naming;

static void add_name(naming *names, const char *name) {
    snprintf(names->name[names->n++], sizeof names->name[0], "%s", name);
}

static void add_block_norm(naming *names, int block, const char *norm_name) {
    char at[24], part[40];
    block_name(at, sizeof at, block, norm_name);
    static const char *const parts[] = {"weight", "bias", "running_mean", "running_var"};
    for (int i = 0; i < 4; i++) {
        snprintf(part, sizeof part, "%s.%s", at, parts[i]);
        add_name(names, part);
    }
}

static void add_block_conv(naming *names, int block, const char *part) {
    char at[40];
    block_name(at, sizeof at, block, part);
    add_name(names, at);
}

static void name_parameters(naming *names) {
    names->n = 0;
    add_name(names, "stem.weight");
    for (int b = 0; b < 8; b++) {
        add_block_norm(names, b, "bn1");
        if (b > 0 && b % 2 == 0) add_block_conv(names, b, "short.weight");
        add_block_conv(names, b, "conv1.weight");
        add_block_norm(names, b, "bn2");
        add_block_conv(names, b, "conv2.weight");
    }
    add_name(names, "head.weight");
    add_name(names, "head.bias");
}

static void check_network(const char *name, int width) {
    test_values x = test_reference(name, "x");
    tren_config config;
    tren_config_defaults(&config);
    snprintf(config.model.name, sizeof config.model.name, "resnet18");
    config.model.width = width;
    tren_dataset_info info = {.shape = x.shape, .is_image = true, .n_classes = 10, .n_targets = 1};
    tren_graph *g = NULL;
    cr_assert_eq(tren_model_build(&g, &config, &info), TREN_OK, "%s", tren_error_text());
    g->layer[g->n_layers - 2]->kept = true; /* the logits */
    cr_assert_eq(tren_graph_complete(g), TREN_OK);
    test_batch batch;
    test_batch_open(&batch, 1, (int[]){x.dim[0]}, x.dim[1], 10);
    int32_t *label = test_reference_labels(name, "target");
    memcpy(batch.label, label, (size_t)batch.rows * sizeof *label);
    for (size_t i = 0; i < x.n; i++) batch.x[i] = (real)x.at[i];
    naming names;
    name_parameters(&names);
    cr_assert_eq(names.n, g->n_params);
    real *value = calloc(g->n_values, sizeof *value);
    tren_graph_init(g, value, 1);
    char path[64];
    for (int i = 0; i < g->n_params; i++) {
        snprintf(path, sizeof path, "param/%s", names.name[i]);
        if (!g->param[i].statistic) put(value, &g->param[i], name, path);
    }
    test_run run;
    test_run_open(&run, &(test_run_spec){.graph = g, .value = value, .batch = &batch, .hi = 1});
    real loss = (real)(test_run_both(&run) / batch.rows);
    test_agrees_within(&loss, name, "loss", allowed);
    test_agrees_within(tren_work_output(run.work), name, "logits", allowed);
    for (int i = 0; i < g->n_params; i++) {
        size_t off = g->param[i].at.off;
        bool statistic = g->param[i].statistic;
        for (size_t k = off; k < off + g->param[i].at.len && statistic; k++)
            run.node[0][k] = value[k] + (real)TREN_STATISTIC_MOMENTUM * (run.node[0][k] - value[k]);
        snprintf(path, sizeof path, "%s/%s", statistic ? "running" : "grad", names.name[i]);
        test_agrees_within(run.node[0] + off, name, path, 10 * allowed);
    }
    test_run_close(&run);
    tren_graph_close(g);
    test_batch_close(&batch);
    free(value);
    free(label);
    free(x.at);
}

Test(reference_images, resnet18) {
    check_network("resnet18_k2", 2);
    check_network("resnet18_k3_gray28", 3);
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static size_t parameters_of(const char *model, int width) {
    tren_config config;
    tren_config_defaults(&config);
    snprintf(config.model.name, sizeof config.model.name, "%s", model);
    config.model.width = width;
    tren_dataset_info info = {
        .shape = {3, 32, 32}, .is_image = true, .n_classes = 10, .n_targets = 1};
    tren_graph *g = NULL;
    cr_assert_eq(tren_model_build(&g, &config, &info), TREN_OK, "%s", tren_error_text());
    size_t n = g->n_learned;
    tren_graph_close(g);
    return n;
}

Test(models, have_the_published_numbers_of_parameters) {
    cr_expect_eq(parameters_of("resnet18", 1), 2947);
    cr_expect_eq(parameters_of("resnet18", 10), 274540);
    cr_expect_eq(parameters_of("resnet18", 64), 11171146);
    cr_expect_eq(parameters_of("cnn5", 1), 540);
    cr_expect_eq(parameters_of("cnn5", 10), 39330);
    cr_expect_eq(parameters_of("cnn5", 64), 1558026);
}
