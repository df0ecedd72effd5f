#include "cli/lab_data.h"
#include "cli/console.h"

static bool wants_data(const tren_experiment *e) {
    return tren_experiment_source(e)->wants_data;
}

static bool wants_pairs(const tren_experiment *e) {
    return tren_experiment_source(e)->wants_pairs;
}

bool tren_lab_data_suits(const tren_lab_data *data, const tren_experiment *e) {
    return data->path && wants_data(e) && (!data->by_kind || wants_pairs(e) == data->pairs);
}

const char *tren_lab_data_of(const tren_lab_data *data, const tren_experiment *e) {
    if (tren_lab_data_suits(data, e)) return data->path;
    return wants_pairs(e) ? "datasets/german-english.h5" : "datasets/fashion-mnist.h5";
}

tren_status tren_lab_data_look(tren_lab_data *data, const tren_experiment *const chosen[], int n) {
    tren_dataset *dataset;
    bool wanted = false;
    if (!data->path) return TREN_OK;
    for (int i = 0; i < n; i++) wanted |= wants_data(chosen[i]);
    if (!wanted)
        return tren_fail(TREN_ERR_USAGE, "--data %s: %s%s no dataset; leave --data out", data->path,
                         n > 1 ? "these experiments take" : chosen[0]->name, n > 1 ? "" : " takes");
    TREN_TRY(tren_dataset_open(&dataset, data->path));
    data->pairs = tren_dataset_info_of(dataset)->tokens[1] > 0;
    tren_dataset_close(dataset);
    for (int i = 0; i < n; i++)
        data->by_kind |= wants_data(chosen[i]) && wants_pairs(chosen[i]) == data->pairs;
    return TREN_OK;
}

void tren_lab_data_say(const tren_lab_data *data, const tren_experiment *const chosen[], int n,
                       tren_language language) {
    static const tren_phrase kind[] = {{"images", "imágenes"},
                                       {"pairs of sentences", "pares de frases"}};
    if (!data->path || n < 2) return;
    for (int i = 0; i < n; i++) {
        if (!wants_data(chosen[i])) continue;
        printf(language == TREN_SPANISH ? "%s toma %s de %s\n" : "%s takes %s from %s\n",
               chosen[i]->name, tren_say_in(language, kind[wants_pairs(chosen[i])]),
               tren_cli_shown(tren_lab_data_of(data, chosen[i])));
    }
    fflush(stdout);
}
