/* The formats, and the arrays that files of weights hold. */
#include "export/formats.h"

#include <string.h>

const tren_export_format *const tren_export_formats[] = {
    &tren_export_onnx, &tren_export_safetensors, &tren_export_npz, NULL};

tren_status tren_export_find(const tren_export_format **format, const char *name) {
    for (int i = 0; tren_export_formats[i]; i++)
        if (strcmp(tren_export_formats[i]->name, name) == 0) {
            *format = tren_export_formats[i];
            return TREN_OK;
        }
    return tren_fail(TREN_ERR_USAGE,
                     "--to: there is no format '%.40s'; give onnx, safetensors or npz", name);
}

const char *tren_export_name(char out[TREN_EXPORT_NAME], const tren_param *param) {
    snprintf(out, TREN_EXPORT_NAME, "%s", param->name);
    for (char *c = out; *c; c++)
        if (*c == '/') *c = '.';
    return out;
}

static void get_param(tren_export_array *a, const tren_export *e, const tren_param *p) {
    *a = (tren_export_array){.rank = p->rank,
                             .is_double = sizeof(real) == sizeof(double),
                             .at = e->value + p->at.off,
                             .bytes = p->at.len * sizeof(real)};
    memcpy(a->dim, p->dim, sizeof a->dim);
    tren_export_name(a->name, p);
}

static void get_statistic(tren_export_array *a, const tren_export *e, bool sd) {
    size_t n = e->data->n_stats;
    *a = (tren_export_array){.rank = 1,
                             .dim = {(int)n},
                             .is_double = true,
                             .at = sd ? e->data->sd : e->data->mean,
                             .bytes = n * sizeof(double)};
    snprintf(a->name, sizeof a->name, "%s", sd ? TREN_EXPORT_SD : TREN_EXPORT_MEAN);
}

/* Doubles first: readers map the file, and want each array at a multiple of its numbers' size. */
bool tren_export_get(tren_export_array *array, const tren_export *e, int i) {
    int statistics = e->data->n_stats > 0 ? 2 : 0;
    if (i >= statistics + e->graph->n_params) return false;
    if (i < statistics)
        get_statistic(array, e, i == 1);
    else
        get_param(array, e, &e->graph->param[i - statistics]);
    return true;
}
