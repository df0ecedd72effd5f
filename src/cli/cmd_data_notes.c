/* What import and check say of values that do not vary, or that float cannot tell apart. */
#include "cli/cmd_data.h"
#include "cli/console.h"
#include <math.h>
#include <stdlib.h>

typedef bool predicate(double mean, double sd);

static bool is_constant(double mean, double sd) {
    (void)mean;
    return sd == 0;
}

/* Rounding to float changes a value by up to 2^-24 of itself: here more than 2^-12 of the sd. */
static bool is_lost_in_float(double mean, double sd) {
    return !isfinite(sd) || (sd > 0 && fabs(mean) > 0x1p12 * sd);
}

enum { SHOWN = 10, ROOM = 1024 }; /* how many are listed, and the bytes of the list */

typedef struct notes {
    FILE *out;
    const char *prefix;
} notes;

/* "2, 5 and 7 more": the names, or else the numbers, of those for which `is` holds; returns how
 * many. */
static size_t list(char text[ROOM], predicate *is, const double *mean, const double *sd, size_t n,
                   char *const *name) {
    size_t found = 0, at = 0;
    text[0] = '\0';
    for (size_t k = 0; k < n; k++)
        if (is(mean[k], sd[k]) && found++ < SHOWN) {
            at += (size_t)snprintf(text + at, ROOM - at, "%s", at ? ", " : "");
            at += (size_t)(name ? snprintf(text + at, ROOM - at, "'%.60s'", name[k])
                                : snprintf(text + at, ROOM - at, "%zu", k));
        }
    if (found > SHOWN) snprintf(text + at, ROOM - at, " and %zu more", found - SHOWN);
    return found;
}

static void print_columns(const notes *to, const tren_dataset_info *info) {
    char text[ROOM];
    size_t n = list(text, is_constant, info->mean, info->sd, info->n_stats, info->column_name);
    if (n == 0) return;
    fprintf(to->out,
            "%s%zu of %zu %s%s not vary in the training rows, or only by rounding (%s%s): "
            "networks see 0 there\n",
            to->prefix, n, info->n_stats, info->is_image ? "channels" : "columns",
            n == 1 ? " does" : " do",
            info->column_name ? "" : "counted from 0: ", tren_cli_shown(text));
}

static void print_targets(const notes *to, const double *mean, const double *sd, size_t n) {
    char text[ROOM];
    if (list(text, is_constant, mean, sd, n, NULL) > 0)
        fprintf(
            to->out,
            "%stargets that do not vary in the training rows, or only by rounding (counted from "
            "0): %s\n",
            to->prefix, text);
    if (list(text, is_lost_in_float, mean, sd, n, NULL) > 0)
        fprintf(to->out,
                "%stargets so far from 0 for their spread that float rounds it (counted from 0): "
                "%s: keep normalize_targets, which subtracts their mean, or train with --precision "
                "double\n",
                to->prefix, text);
}

tren_status tren_data_print_notes(FILE *out, const char *prefix, const tren_dataset *dataset) {
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    const notes to = {out, prefix};
    print_columns(&to, info);
    if (info->n_classes > 0 || info->n_targets == 0) return TREN_OK;
    size_t n = (size_t)info->n_targets;
    double *mean;
    TREN_TRY(tren_alloc(&mean, 2 * n, sizeof *mean, "mean and sd of the targets"));
    tren_status st = tren_target_statistics(mean, mean + n, dataset);
    if (st == TREN_OK) print_targets(&to, mean, mean + n, n);
    free(mean);
    return st;
}
