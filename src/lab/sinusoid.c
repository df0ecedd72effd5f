#include "lab/sinusoid.h"
#include "base/series.h"
#include "lab/one_layer.h"

#include <math.h>

static const char recipe[] = "model: {name: mlp, activation: tanh, init: gaussian}\n"
                             "optimizer: {name: scg, tolerance_x: 1e-8, tolerance_f: 1e-12}\n";

void lab_sinusoid_path(char path[TREN_MAX_PATH], const tren_lab *lab, uint64_t seed) {
    lab_data_path(path, lab, "sinusoid-s%llu", (unsigned long long)seed);
}

tren_status lab_sinusoid_make(const tren_lab *lab, uint64_t seed, int n_test) {
    const lab_setting setting[] = {{"n", tren_lab_number(lab, "rows")},
                                   {"n-test", n_test},
                                   {"sd", tren_lab_number(lab, "noise")},
                                   {NULL, 0}};
    char path[TREN_MAX_PATH];
    tren_split split = {
        .percent = {100, 0, 0}, .keep_test = n_test > 0, .as_is = true, .seed = seed};
    lab_sinusoid_path(path, lab, seed);
    return lab_make(path, "bishop-sinusoid", setting, &split);
}

double lab_sinusoid_truth(double x) {
    return series_sin(2 * M_PI * x);
}

static void look(void *ctx, const tren_graph *graph, const real *value) {
    lab_sinusoid_fit *f = ctx;
    lab_one_layer net = lab_one_layer_of(graph, value, false);
    double sum = 0;
    for (int i = 0; i < LAB_SINUSOID_GRID; i++) {
        double x = (double)i / (LAB_SINUSOID_GRID - 1);
        f->y[i] = lab_one_layer_at(&net, x);
        sum += (f->y[i] - lab_sinusoid_truth(x)) * (f->y[i] - lab_sinusoid_truth(x));
    }
    f->rms = sqrt(sum / LAB_SINUSOID_GRID);
}

tren_status lab_sinusoid_train(lab_outcome *out, lab_sinusoid_fit *f, const tren_lab *lab,
                               tren_comm *group, lab_sinusoid x) {
    tren_config config;
    lab_watch watch = {.finished = look, .ctx = f};
    TREN_TRY(lab_config(&config, lab, recipe));
    lab_sinusoid_path(config.data, lab, x.data_seed);
    config.model.hidden = (tren_int_list){.n = 1, .at = {x.units}};
    config.model.init_variance = tren_lab_number(lab, "variance");
    config.seed = x.data_seed * 1000 + (uint64_t)x.start;
    config.batch_size = tren_lab_int(lab, "rows");
    config.epochs = tren_lab_int(lab, "iterations");
    return lab_train(out, lab, group, &config, &watch);
}
