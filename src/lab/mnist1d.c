#include "lab/mnist1d.h"

static const char recipe[] = "model: {name: mlp, activation: relu, init: pytorch}\n"
                             "batch_size: 100\n"
                             "optimizer: {name: sgd, learning_rate: 0.01, momentum: 0.9}\n";

static tren_status make(const tren_lab *lab, uint64_t seed, int n) {
    char path[TREN_MAX_PATH];
    lab_data_path(path, lab, "mnist1d-n%d-s%llu", n, (unsigned long long)seed);
    const lab_setting setting[] = {
        {"n", n}, {"n-test", tren_lab_number(lab, "test_rows")}, {NULL, 0}};
    tren_split split = {.percent = {100, 0, 0},
                        .keep_test = true,
                        .label_noise = tren_lab_number(lab, "noise"),
                        .noise_kind = TREN_NOISE_ANY,
                        .seed = seed};
    return lab_make(path, "mnist1d", setting, &split);
}

tren_status lab_mnist1d_make(const tren_lab *lab, int n) {
    for (int s = 0; s < lab->options->seeds; s++)
        TREN_TRY(make(lab, lab->options->first_seed + (uint64_t)s, n));
    return TREN_OK;
}

tren_status lab_mnist1d_config(tren_config *config, const tren_lab *lab, uint64_t seed, int n,
                               int h, int epochs) {
    TREN_TRY(lab_config(config, lab, recipe));
    lab_data_path(config->data, lab, "mnist1d-n%d-s%llu", n, (unsigned long long)seed);
    config->seed = seed;
    config->epochs = epochs;
    config->optimizer.learning_rate = tren_lab_number(lab, "rate");
    config->model.hidden = (tren_int_list){.n = 2, .at = {h, h}};
    return TREN_OK;
}

double lab_mnist1d_cost(int n, int h, int epochs) {
    double small = 2000; /* what a row costs besides */
    return (6.0 * h * (h + 50.0) + small) * n * epochs;
}
