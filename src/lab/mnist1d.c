#include "lab/mnist1d.h"

static const char recipe[] = "model: {name: mlp, activation: relu, init: pytorch}\n"
                             "batch_size: 100\n"
                             "optimizer: {name: sgd, learning_rate: 0.01, momentum: 0.9}\n";

tren_status lab_mnist1d_make(const tren_lab *lab, uint64_t seed, int n, int n_test) {
    char path[TREN_MAX_PATH];
    lab_data_path(path, lab, "mnist1d-n%d-s%llu", n, (unsigned long long)seed);
    const lab_setting setting[] = {{"n", n}, {"n-test", n_test}, {NULL, 0}};
    tren_split split = {.percent = {100, 0, 0},
                        .keep_test = true,
                        .label_noise = 0.15,
                        .noise_kind = TREN_NOISE_ANY,
                        .seed = seed};
    return lab_make(path, "mnist1d", setting, &split);
}

tren_status lab_mnist1d_config(tren_config *config, const tren_lab *lab, uint64_t seed, int n,
                               int h, int epochs) {
    TREN_TRY(lab_config(config, lab, recipe));
    lab_data_path(config->data, lab, "mnist1d-n%d-s%llu", n, (unsigned long long)seed);
    config->seed = seed;
    config->epochs = epochs;
    config->model.hidden = (tren_int_list){.n = 2, .at = {h, h}};
    return TREN_OK;
}

double lab_mnist1d_cost(int n, int h, int epochs) {
    double small = 2000; /* what a row costs besides */
    return (6.0 * h * (h + 50.0) + small) * n * epochs;
}
