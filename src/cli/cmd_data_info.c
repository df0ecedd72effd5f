/* tren data info: a dataset in a dozen lines. */
#include "cli/args.h"
#include "cli/cmd_data.h"
#include "cli/console.h"
#include "base/json.h"
#include "cli/text_rows.h"
#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

/* Blanks at its ends are not seen without quotes. */
static void print_name(const char *name) {
    size_t n = strlen(name);
    bool quoted = n == 0 || isspace((unsigned char)name[0]) || isspace((unsigned char)name[n - 1]);
    const char *quote = quoted ? "'" : "";
    printf("%s%s%s", quote, tren_cli_shown(name), quote);
}

/* "  classes       3: a, b, c" */
static void print_names(const char *what, char *const *name, int n) {
    printf("  %-13s %d", what, n);
    for (int i = 0; name && i < n && i < 20; i++) {
        printf("%s", i ? ", " : ": ");
        print_name(name[i]);
    }
    printf("%s\n", name && n > 20 ? ", ..." : "");
}

static void print_tokens(const tren_dataset_info *info) {
    char shape[TREN_SHAPE_TEXT];
    int merges = info->vocabulary - TREN_TOKEN_MERGE;
    printf("  layout        %s, rows of %s\n",
           info->tokens[1]    ? "pairs"
           : info->label_axis ? "text"
                              : "labeled",
           tren_dataset_shape(shape, info));
    printf("  vocabulary    %d: %d special tokens, 256 bytes, %d merges (tokenizer %016llx)\n",
           info->vocabulary, TREN_TOKEN_BYTE, merges, (unsigned long long)info->tokenizer);
    if (info->n_targets == 0)
        printf("  labels        none: rows to predict\n");
    else if (!info->label_axis)
        print_names("classes", info->class_name, info->n_classes);
}

static void print_layout(const tren_dataset_info *info) {
    char shape[TREN_SHAPE_TEXT];
    if (info->vocabulary > 0) {
        print_tokens(info);
        return;
    }
    printf("  layout        %s, %s%s, %s\n", info->is_image ? "image" : "table",
           tren_dataset_shape(shape, info), info->is_image ? " (channels, height, width)" : "",
           tren_type_name(info->x_type));
    if (info->column_name) print_names("columns", info->column_name, info->shape.c);
    if (info->n_targets == 0) {
        printf("  labels        none: rows to predict\n");
        return;
    }
    if (info->n_classes == 0) {
        if (info->target_name)
            print_names("targets", info->target_name, info->n_targets);
        else
            printf("  targets       %d\n", info->n_targets);
        return;
    }
    print_names("classes", info->class_name, info->n_classes);
}

static void print_rows(const tren_dataset_info *info) {
    size_t all = info->rows[TREN_TRAIN] + info->rows[TREN_VALIDATION] + info->rows[TREN_TEST];
    for (int part = 0; part < TREN_N_PARTS; part++)
        printf("  %-13s %zu rows, %.4g %%\n", tren_part_name[part], info->rows[part],
               100.0 * (double)info->rows[part] / (double)all);
}

static void print_statistic(const char *name, const double *value, size_t n) {
    printf("  %-13s", name);
    for (size_t i = 0; i < n && i < 8; i++) printf(" %.6g", value[i]);
    printf("%s\n", n > 8 ? " ..." : "");
}

static void print_split(const tren_provenance *from) {
    if (!from->split[0]) return;
    printf("  split         %s, seed %llu%s%s%s\n", from->split, (unsigned long long)from->seed,
           from->shuffle ? ", shuffled" : ", in the source's order",
           from->stratify ? ", stratified" : "",
           from->keep_test ? ", the source's own test part kept" : "");
}

static void print_provenance(const tren_dataset *dataset) {
    tren_provenance from;
    if (tren_dataset_provenance(&from, dataset) != TREN_OK)
        printf("  DAMAGED       %s\n", tren_cli_shown(tren_error_text()));
    if (from.origin[0]) printf("  origin        %s\n", tren_cli_shown(from.origin));
    print_split(&from);
    if (from.skipped)
        printf("  left out      %lld rows with too many tokens\n", (long long)from.skipped);
    if (from.take) printf("  taken         %lld rows of the source\n", (long long)from.take);
    if (from.label_noise != 0)
        printf("  label noise   %g, %s: %lld of %zu training labels changed\n", from.label_noise,
               from.noise_kind, (long long)from.n_changed,
               tren_dataset_info_of(dataset)->rows[TREN_TRAIN]);
}

static void print_info(const char *path, const tren_dataset *dataset) {
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    struct stat about = {0};
    char size[32];
    stat(path, &about);
    printf("%s (%s)\n", tren_cli_shown(path), tren_text_bytes(size, (double)about.st_size));
    print_provenance(dataset);
    print_layout(info);
    print_rows(info);
    if (info->has_weights) printf("  weights       one for each training row\n");
    if (info->n_stats > 0) {
        print_statistic("mean", info->mean, info->n_stats);
        print_statistic("sd", info->sd, info->n_stats);
    }
    printf("  source        %016llx\n", (unsigned long long)info->source_digest);
    printf("  digest        %016llx\n", (unsigned long long)info->digest);
}

static tren_status print_beginning(const tren_dataset *dataset) {
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    if (info->vocabulary == 0) return TREN_OK;
    tren_part part = info->n_targets == 0 ? TREN_TEST : TREN_TRAIN;
    printf("  the first row of the %s part, after its number and the number of tokens read from "
           "it%s:\n",
           tren_part_name[part], info->label_axis ? " (the last token is only a label)" : "");
    return tren_text_rows_print(stdout, dataset, part, 0, 1, 0);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void json_names(tren_json *j, const char *key, char *const *name, int n) {
    if (!name) return;
    tren_json_begin(j, key, '[');
    for (int i = 0; i < n; i++) tren_json_text(j, NULL, name[i]);
    tren_json_end(j);
}

static void json_layout(tren_json *j, const tren_dataset_info *info) {
    char shape[TREN_SHAPE_TEXT];
    tren_json_text(j, "layout",
                   info->vocabulary == 0 ? (info->is_image ? "image" : "table")
                   : info->tokens[1]     ? "pairs"
                   : info->label_axis    ? "text"
                                         : "labeled");
    tren_json_text(j, "shape", tren_dataset_shape(shape, info));
    if (info->vocabulary > 0) {
        tren_json_whole(j, "vocabulary", info->vocabulary);
        tren_json_digest(j, "tokenizer", info->tokenizer);
    } else {
        tren_json_text(j, "type", tren_type_name(info->x_type));
    }
    tren_json_whole(j, "classes", info->label_axis ? 0 : info->n_classes);
    tren_json_whole(j, "targets", info->n_classes > 0 ? 0 : info->n_targets);
    tren_json_bool(j, "weights", info->has_weights);
    json_names(j, "column_names", info->column_name, info->shape.c);
    json_names(j, "class_names", info->class_name, info->n_classes);
    json_names(j, "target_names", info->target_name, info->n_targets);
}

static void json_provenance(tren_json *j, const tren_dataset *dataset) {
    tren_provenance from;
    if (tren_dataset_provenance(&from, dataset) != TREN_OK)
        tren_json_text(j, "damaged", tren_error_text());
    tren_json_text(j, "origin", from.origin[0] ? from.origin : NULL);
    tren_json_text(j, "split", from.split[0] ? from.split : NULL);
    tren_json_whole(j, "skipped", from.skipped);
    tren_json_whole(j, "taken", from.take);
    tren_json_real(j, "label_noise", from.label_noise);
}

static void json_info(tren_json *j, const char *path, const tren_dataset *dataset) {
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    struct stat about = {0};
    stat(path, &about);
    tren_json_begin(j, NULL, '{');
    tren_json_text(j, "path", path);
    tren_json_whole(j, "bytes", about.st_size);
    json_provenance(j, dataset);
    json_layout(j, info);
    tren_json_begin(j, "rows", '{');
    for (int part = 0; part < TREN_N_PARTS; part++)
        tren_json_whole(j, tren_part_name[part], (int64_t)info->rows[part]);
    tren_json_end(j);
    if (info->n_stats > 0) {
        tren_json_reals(j, "mean", info->mean, info->n_stats);
        tren_json_reals(j, "sd", info->sd, info->n_stats);
    }
    tren_json_digest(j, "source", info->source_digest);
    tren_json_digest(j, "digest", info->digest);
    tren_json_end(j);
}

/* ---- the command ----------------------------------------------------------------------------- */

static tren_status tell(const char *path, tren_json *json) {
    tren_dataset *dataset;
    tren_status st = TREN_OK;
    TREN_TRY(tren_dataset_open_rows(&dataset, path));
    if (json) {
        json_info(json, path, dataset);
    } else {
        print_info(path, dataset);
        st = print_beginning(dataset);
    }
    tren_dataset_close(dataset);
    return st;
}

tren_status tren_data_info(int argc, char **argv) {
    const char *file[TREN_ARG_MAX_TEXTS];
    bool json = false;
    const tren_arg options[] = {{"json", TREN_ARG_FLAG, &json, NULL,
                                 .help = "Print JSON: a list with one object per file."},
                                {.name = NULL}};
    tren_args args = {
        .command = "data info",
        .synopsis = "FILE.h5 ... [--json]",
        .summary =
            "Show what datasets contain, from their attributes only; for text also the first row.",
        .options = options,
        .positional = file,
        .max_positional = TREN_ARG_MAX_TEXTS};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    if (args.help) return TREN_OK;
    if (args.n_positional == 0)
        return tren_fail(TREN_ERR_USAGE, "info: a dataset is missing: tren data info FILE.h5");
    tren_json document = {.out = stdout};
    if (json) tren_json_begin(&document, NULL, '[');
    for (int i = 0; i < args.n_positional; i++) TREN_TRY(tell(file[i], json ? &document : NULL));
    if (json) tren_json_end(&document);
    return TREN_OK;
}
