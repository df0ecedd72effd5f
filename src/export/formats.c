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

/* Means and standard deviations that there are, in pairs. */
static bool get_statistic(tren_export_array *a, const tren_export *e, int i) {
    const tren_dataset_info *data = e->data;
    const struct {
        const char *name;
        const double *at;
        size_t n;
    } all[] = {{TREN_EXPORT_MEAN, data->mean, data->n_stats},
               {TREN_EXPORT_SD, data->sd, data->n_stats},
               {TREN_EXPORT_TARGET_MEAN, data->target_mean, (size_t)data->n_targets},
               {TREN_EXPORT_TARGET_SD, data->target_sd, (size_t)data->n_targets}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        if (!all[k].at || all[k].n == 0 || i-- > 0) continue;
        *a = (tren_export_array){.rank = 1,
                                 .dim = {(int)all[k].n},
                                 .is_double = true,
                                 .at = all[k].at,
                                 .bytes = all[k].n * sizeof(double)};
        snprintf(a->name, sizeof a->name, "%s", all[k].name);
        return true;
    }
    return false;
}

/* Doubles first: readers map the file, and want each array at a multiple of its numbers' size. */
bool tren_export_get(tren_export_array *array, const tren_export *e, int i) {
    int statistics = 0;
    while (get_statistic(array, e, statistics)) statistics++;
    if (i < statistics) return get_statistic(array, e, i);
    if (i >= statistics + e->graph->n_params) return false;
    get_param(array, e, &e->graph->param[i - statistics]);
    return true;
}
