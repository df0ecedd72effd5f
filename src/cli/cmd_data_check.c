/* tren data check: one line per finding; what would spoil a training run is an error, the rest a
 * note. */
#include "base/json.h"
#include "cli/args.h"
#include "cli/cmd_data.h"
#include "tren/data.h"
#include "cli/console.h"
#include "cli/text_rows.h"
#include <math.h>
#include <stdarg.h>
#include <string.h>

/* Findings of one file. */
typedef struct verdict {
    int errors, notes;
    tren_json *json; /* not owned; NULL: they are lines */
} verdict;

static void say(const verdict *v, const char *kind, const char *format, va_list args) {
    char text[2048];
    tren_quote_message(text, sizeof text, format, args);
    if (!v->json) {
        printf("  %-6s %s\n", kind, tren_cli_shown(text));
        return;
    }
    tren_json_begin(v->json, NULL, '{');
    tren_json_text(v->json, "kind", strcmp(kind, "note") == 0 ? kind : "error");
    tren_json_text(v->json, "text", text);
    tren_json_end(v->json);
}

static void error(verdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(verdict *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void error(verdict *v, const char *format, ...) {
    va_list args;
    va_start(args, format);
    v->errors++;
    say(v, "ERROR", format, args);
    va_end(args);
}

static void note(verdict *v, const char *format, ...) {
    va_list args;
    va_start(args, format);
    v->notes++;
    say(v, "note", format, args);
    va_end(args);
}

static void judge_digest(verdict *v, const char *name, tren_intact intact) {
    if (intact == TREN_DAMAGED)
        error(v,
              "%s: the bytes are not those that were written (the digest differs): make the file "
              "again",
              name);
    if (intact == TREN_INTACT_UNKNOWN) note(v, "%s: no digest, so damage cannot be detected", name);
}

static void judge_storage(verdict *v, const char *name, const tren_h5_shape *chunk) {
    if (chunk->rank == 0) return;
    note(v, "%s: is stored in chunks of %zu rows; contiguous data is faster to read", name,
         chunk->dim[0]);
}

static void judge_values(verdict *v, tren_part part, const tren_part_check *found, int n_classes) {
    const char *name = tren_part_name[part];
    if (found->not_finite > 0)
        error(v, "%s: %zu values are not finite, the first in row %zu", name, found->not_finite,
              found->first_bad_row);
    if (found->labels_outside > 0)
        error(v, "%s: %zu labels are outside 0 to %d, the first in row %zu", name,
              found->labels_outside, n_classes - 1, found->first_bad_label);
    if (found->duplicates > 0)
        note(v, "%s: %zu rows repeat an earlier row of the part", name, found->duplicates);
    if (found->n_rows == 0) note(v, "%s: has no rows", name);
}

static void judge_classes(verdict *v, tren_part part, const tren_part_check *found, int n_classes) {
    if (found->n_rows == 0) return;
    int missing = 0, first = -1;
    for (int c = 0; c < n_classes; c++) {
        if (found->class_rows[c] > 0) continue;
        if (missing++ == 0) first = c;
    }
    if (part == TREN_TRAIN && missing == n_classes - 1)
        note(v, "train: all rows are of one class: a network cannot learn from it");
    if (missing == 0) return;
    if (part == TREN_TRAIN)
        error(v, "train: %d of %d classes have no rows, the first is class %d", missing, n_classes,
              first);
    else
        note(v, "%s: %d of %d classes have no rows, the first is class %d", tren_part_name[part],
             missing, n_classes, first);
}

static void judge_names(verdict *v, const tren_dataset_info *info, int n_classes) {
    for (int b = 1; info->class_name && b < n_classes; b++)
        for (int a = 0; a < b; a++)
            if (strcmp(info->class_name[a], info->class_name[b]) == 0) {
                error(v, "classes %d and %d have the same name, '%s': give each class its own", a,
                      b, info->class_name[b]);
                return;
            }
}

/* More than rounding to float leaves of a mean or sd. What does not vary has none: sd is 0. */
static bool is_off(double in_file, double of_rows, double unit) {
    return !(fabs(in_file - of_rows) <= 0x1p-10 * unit);
}

static void judge_statistic(verdict *v, const char *name, const tren_dataset_check *check,
                            const tren_dataset_info *info) {
    bool is_mean = strcmp(name, "mean") == 0;
    const double *in_file = is_mean ? info->mean : info->sd;
    const double *of_rows = is_mean ? check->mean : check->sd;
    const char *kind = info->is_image ? "channel" : "column";
    size_t n = 0, first = 0;
    for (size_t k = 0; k < info->n_stats; k++) {
        double unit = is_mean && check->sd[k] == 0 ? fabs(check->mean[k]) : check->sd[k];
        if (is_off(in_file[k], of_rows[k], unit) && n++ == 0) first = k;
    }
    if (n == 0) return;
    char which[TREN_MAX_PATH];
    snprintf(which, sizeof which, info->column_name ? "%s %zu '%s'" : "%s %zu", kind, first,
             info->column_name ? info->column_name[first] : "");
    error(v,
          "%s: %s is %.15g, but %.15g in the training rows (wrong in %zu of %zu %ss, counted from "
          "0): write these values, or use 'tren data import hdf5'",
          name, which, in_file[first], of_rows[first], n, info->n_stats, kind);
}

static void judge_statistics(verdict *v, const tren_dataset_check *check,
                             const tren_dataset_info *info) {
    if (!check->mean || check->part[TREN_TRAIN].not_finite > 0) return;
    judge_statistic(v, "mean", check, info);
    judge_statistic(v, "sd", check, info);
}

/* Where the data comes from, and the labels before noise: whole, in range, and as many exchanged as
 * the file says. */
static void judge_origin(verdict *v, const tren_dataset_check *check, const tren_dataset *dataset) {
    tren_provenance from;
    if (tren_dataset_provenance(&from, dataset) != TREN_OK)
        error(v, "%s%s", tren_error_text(),
              strstr(tren_error_text(), "make it again") ? "" : ": make the file again");
    if (!check->has_clean) {
        if (from.label_noise != 0)
            note(v, "train: has label noise of %g, but not the labels before the noise (%s)",
                 from.label_noise, TREN_SCHEMA_CLEAN);
        return;
    }
    judge_digest(v, TREN_SCHEMA_CLEAN, check->clean.y);
    if (check->clean.labels_outside > 0)
        error(v, "%s: %zu labels are outside 0 to %d, the first in row %zu", TREN_SCHEMA_CLEAN,
              check->clean.labels_outside, check->n_classes - 1, check->clean.first_bad_label);
    if (from.label_noise != 0 && (uint64_t)from.n_changed != check->n_changed)
        error(v, "%s: %zu labels differ from /train/y, but the file says %lld: make the file again",
              TREN_SCHEMA_CLEAN, check->n_changed, (long long)from.n_changed);
}

/* Texts may well be alike: windows of different documents, short sentences. */
static void judge_shared(verdict *v, const tren_dataset_check *check, bool texts) {
    for (int a = 0; a < TREN_N_PARTS; a++)
        for (int b = a + 1; b < TREN_N_PARTS; b++)
            if (check->shared[a][b] > 0)
                (texts ? note : error)(v,
                                       "%s: %zu of %zu rows also occur in %s: the part then "
                                       "measures memory, not learning",
                                       tren_part_name[b], check->shared[a][b],
                                       check->part[b].n_rows, tren_part_name[a]);
}

static void print_balance(const tren_dataset_check *check, const tren_dataset_info *info) {
    enum { SHOWN = 40 };
    if (check->n_classes == 0) return;
    printf("  %-24s %12s %12s %12s\n", "class", "train", "validation", "test");
    for (int c = 0; c < check->n_classes && c < SHOWN; c++) {
        char number[16], name[25];
        snprintf(number, sizeof number, "%d", c);
        tren_shown(name, sizeof name, info->class_name ? info->class_name[c] : number);
        printf("  %-24s", name);
        for (int part = 0; part < TREN_N_PARTS; part++)
            printf(" %12zu", check->part[part].class_rows[c]);
        printf("\n");
    }
    if (check->n_classes > SHOWN) printf("  ... and %d more\n", check->n_classes - SHOWN);
}

static verdict judge(const tren_dataset_check *check, const tren_dataset *dataset, tren_json *j) {
    verdict v = {.json = j};
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    bool text = info->vocabulary > 0;
    if (!text)
        judge_digest(&v, "mean and sd", check->normalization ? TREN_INTACT : TREN_INTACT_UNKNOWN);
    for (int i = 0; i < TREN_N_PARTS; i++) {
        tren_part part = (tren_part)i;
        const tren_part_check *found = &check->part[part];
        judge_digest(&v, tren_part_x[part], found->x);
        if (tren_dataset_has_y(info)) judge_digest(&v, tren_part_y[part], found->y);
        if (text) judge_digest(&v, tren_part_length[part], found->length);
        if (found->bad_tokens[0]) error(&v, "%s", found->bad_tokens);
        judge_storage(&v, tren_part_x[part], &found->x_chunk);
        judge_values(&v, part, found, check->n_classes);
        judge_classes(&v, part, found, check->n_classes);
    }
    judge_names(&v, info, check->n_classes);
    if (check->has_weights) judge_digest(&v, TREN_SCHEMA_WEIGHTS, check->weights);
    if (check->bad_weights[0]) error(&v, "%s", check->bad_weights);
    judge_statistics(&v, check, info);
    judge_origin(&v, check, dataset);
    judge_shared(&v, check, info->vocabulary > 0);
    return v;
}

static void json_balance(tren_json *j, const tren_dataset_check *check,
                         const tren_dataset_info *info) {
    tren_json_begin(j, "classes", '[');
    for (int c = 0; c < check->n_classes; c++) {
        tren_json_begin(j, NULL, '{');
        if (info->class_name) tren_json_text(j, "name", info->class_name[c]);
        for (int part = 0; part < TREN_N_PARTS; part++)
            tren_json_whole(j, tren_part_name[part], (int64_t)check->part[part].class_rows[c]);
        tren_json_end(j);
    }
    tren_json_end(j);
}

static int json_file(tren_json *j, const char *path, const tren_dataset_check *check,
                     const tren_dataset *dataset) {
    tren_json_begin(j, NULL, '{');
    tren_json_text(j, "path", path);
    tren_json_begin(j, "rows", '{');
    for (int part = 0; part < TREN_N_PARTS; part++)
        tren_json_whole(j, tren_part_name[part], (int64_t)check->part[part].n_rows);
    tren_json_end(j);
    json_balance(j, check, tren_dataset_info_of(dataset));
    tren_json_begin(j, "findings", '[');
    verdict v = judge(check, dataset, j);
    tren_json_end(j);
    tren_json_whole(j, "errors", v.errors);
    tren_json_bool(j, "good", v.errors == 0);
    tren_json_end(j);
    return v.errors;
}

/* *errors: how many there are. */
static tren_status print_file(int *errors, const char *path, const tren_dataset_check *check,
                              const tren_dataset *dataset) {
    tren_status st = TREN_OK;
    printf("%s\n", tren_cli_shown(path));
    if (tren_dataset_info_of(dataset)->vocabulary > 0)
        tren_text_rows_print(stdout, dataset, TREN_TRAIN, 0, 3, 2);
    print_balance(check, tren_dataset_info_of(dataset));
    *errors = judge(check, dataset, NULL).errors;
    if (*errors == 0) st = tren_data_print_notes(stdout, "  note   ", dataset);
    printf("  %s\n", *errors > 0 ? "BAD" : "good");
    return st;
}

static tren_status check_file(const char *path, tren_json *json) {
    tren_dataset *dataset;
    tren_dataset_check check;
    int errors = 0;
    TREN_TRY(tren_dataset_open_rows(&dataset, path));
    tren_status st = tren_dataset_check_open(&check, dataset);
    if (st == TREN_OK) {
        if (json)
            errors = json_file(json, path, &check, dataset);
        else
            st = print_file(&errors, path, &check, dataset);
        if (errors > 0)
            st = tren_fail(TREN_ERR_DATA, "%s: %d error%s, see above; import the source again",
                           path, errors, errors == 1 ? "" : "s");
        tren_dataset_check_close(&check);
    }
    tren_dataset_close(dataset);
    return st;
}

tren_status tren_data_check(int argc, char **argv) {
    const char *file[TREN_ARG_MAX_TEXTS];
    bool json = false;
    const tren_arg options[] = {{"json", TREN_ARG_FLAG, &json, NULL,
                                 .help = "Print JSON: a list with a map for each file."},
                                {.name = NULL}};
    tren_args args = {
        .command = "data check",
        .synopsis = "FILE.h5 ... [--json]",
        .summary = "Read a whole dataset and check it. Errors (exit code 4): damaged bytes, values "
                   "that are not finite, labels out of range, mean or sd different from the "
                   "training rows, classes without rows, rows that occur in two parts.",
        .options = options,
        .positional = file,
        .max_positional = TREN_ARG_MAX_TEXTS};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    if (args.help) return TREN_OK;
    if (args.n_positional == 0)
        return tren_fail(TREN_ERR_USAGE, "check: a dataset is missing: tren data check FILE.h5");
    tren_status worst = TREN_OK;
    tren_json document = {.out = stdout};
    if (json) tren_json_begin(&document, NULL, '[');
    for (int i = 0; i < args.n_positional; i++) {
        tren_status st = check_file(file[i], json ? &document : NULL);
        if (st != TREN_OK) worst = st;
    }
    if (json) tren_json_end(&document);
    return worst;
}
