/* tren data import, tren data make: any source of the list, split and written. */
#include "cli/args.h"
#include "cli/cmd_data.h"
#include "cli/console.h"
#include "cli/out_file.h"
#include "cli/settings.h"
#include "tren/sources.h"
#include <stdlib.h>
#include <string.h>

/* What every source may be told. */
typedef struct common {
    const char *out, *split, *noise_kind;
    int64_t take;
    double noise; /* below 0: not given */
    tren_arg_texts class_names;
    tren_split how;
    bool force, normalize;
} common;

enum { N_COMMON = 12 };

static void list_common(tren_arg option[N_COMMON], common *c) {
    const tren_arg all[N_COMMON] = {
        {"out", TREN_ARG_TEXT, &c->out, "FILE.h5", .help = "Dataset to write."},
        {"split", TREN_ARG_TEXT, &c->split, "A/B/C",
         .help = "Percentages of the rows for training, validation and test; default: 96/2/2."},
        {"seed", TREN_ARG_SEED, &c->how.seed, "N",
         .help = "Seed for shuffle, take and label noise; default: 1."},
        {"shuffle", TREN_ARG_FLAG, &c->how.shuffle, NULL,
         .help = "Shuffle the rows before the split (default); --no-shuffle keeps their order."},
        {"stratify", TREN_ARG_FLAG, &c->how.stratify, NULL,
         .help = "Split each class in the same proportions."},
        {"keep-test", TREN_ARG_FLAG, &c->how.keep_test, NULL,
         .help = "Keep the source's own test part as the test part. The rest is split in the "
                 "proportion A to B."},
        {"take", TREN_ARG_INT64, &c->take, "N",
         .help = "Keep only N rows, chosen at random by the seed, in the proportions of the "
                 "classes; default: all. A kept test part is not reduced.",
         .min = 1, .max = TREN_MAX_ROWS},
        {"label-noise", TREN_ARG_REAL, &c->noise, "P",
         .help = "Replace each training label at random with probability P. The dataset also keeps "
                 "the true labels.",
         .max = 1},
        {"label-noise-kind", TREN_ARG_TEXT, &c->noise_kind, "incorrect|any",
         .help = "Draw noisy labels from the other classes (incorrect, the default) or from all "
                 "classes (any)."},
        {"class-names", TREN_ARG_TEXTS, &c->class_names, "NAME[,...]",
         .help = "Names of the classes, in order. Required if a table has both numbers and names "
                 "as labels."},
        {"normalize", TREN_ARG_FLAG, &c->normalize, NULL,
         .help = "Store mean and standard deviation of the training part, which training uses to "
                 "normalise (default). With --no-normalize networks see the original values."},
        {"force", TREN_ARG_FLAG, &c->force, NULL, .help = "Overwrite an existing file."},
    };
    memcpy(option, all, sizeof all);
}

static void refuse_common(tren_arg option[N_COMMON], const tren_refusal *without) {
    for (; without && without->option; without++)
        for (int i = 0; i < N_COMMON; i++)
            if (strcmp(option[i].name, without->option) == 0) option[i].refusal = without->why;
}

static void print_result(const char *path, const tren_dataset_info *info, double seconds) {
    printf("%s: %zu training, %zu validation and %zu test rows of ", tren_cli_shown(path),
           info->rows[TREN_TRAIN], info->rows[TREN_VALIDATION], info->rows[TREN_TEST]);
    char shape[TREN_SHAPE_TEXT];
    if (info->vocabulary)
        printf("%s, vocabulary %d", tren_dataset_shape(shape, info), info->vocabulary);
    else if (info->is_image)
        printf("%d x %d x %d %s", info->shape.c, info->shape.h, info->shape.w,
               tren_type_name(info->x_type));
    else
        printf("%d %s", info->shape.c, tren_type_name(info->x_type));
    if (info->label_axis)
        ;
    else if (info->n_classes)
        printf(", %d classes", info->n_classes);
    else if (info->n_targets == 0)
        printf(", without labels");
    else
        printf(", %d target%s", info->n_targets, info->n_targets == 1 ? "" : "s");
    printf(" (%.1f s)\n", seconds);
}

static tren_status name_classes(tren_source *source, const tren_arg_texts *raw) {
    if (raw->n == 0) return source->doubt ? tren_fail(TREN_ERR_DATA, "%s", source->doubt) : TREN_OK;
    tren_texts name = {0};
    TREN_TRY(tren_texts_split(&name, "class-names", raw));
    for (int i = 0; i < name.n; i++)
        TREN_TRY(tren_class_name_check(TREN_ERR_USAGE, "--class-names", name.at[i]));
    const char *twice = tren_names_repeat(name.at, name.n);
    if (twice)
        return tren_fail(TREN_ERR_USAGE, "--class-names: '%s' is given twice; name each class once",
                         twice);
    tren_status st = tren_source_name_classes(source, name.at, name.n);
    return st != TREN_OK && source->doubt ? tren_fail(TREN_ERR_DATA, "%s", source->doubt) : st;
}

static const char *class_name(char out[64], const tren_dataset_info *info, int c) {
    if (info->class_name)
        snprintf(out, 64, "%d (%.40s)", c, info->class_name[c]);
    else
        snprintf(out, 64, "%d", c);
    return out;
}

/* n [n_classes] rows of the training part: a network can learn neither one class nor none. */
static void note_classes(const tren_dataset_info *info, const size_t *n) {
    int empty = 0, first = -1, present = -1;
    char name[64];
    for (int c = 0; c < info->n_classes; c++) {
        if (n[c] > 0) present = c;
        if (n[c] == 0 && empty++ == 0) first = c;
    }
    if (empty == info->n_classes - 1)
        fprintf(stderr,
                "note: all training rows are of class %s: a network cannot learn from one class; "
                "check the labels\n",
                class_name(name, info, present));
    else if (empty > 0)
        fprintf(stderr,
                "note: %d of %d classes have no training rows, the first is class %s: give more "
                "rows, or number the classes without gaps (--stratify keeps rare classes)\n",
                empty, info->n_classes, class_name(name, info, first));
}

static tren_status report_classes(const tren_dataset *dataset) {
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    size_t *n;
    if (info->n_classes == 0 || info->label_axis) return TREN_OK;
    TREN_TRY(tren_alloc(&n, (size_t)info->n_classes, sizeof *n, "the classes"));
    tren_status st = tren_dataset_count_classes(n, dataset, TREN_TRAIN);
    if (st == TREN_OK) note_classes(info, n);
    free(n);
    return st;
}

/* How many tokens a text has is known once merges are found, in the training part: so after the
 * split. */
static void report_skipped(const tren_dataset *dataset) {
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    tren_provenance from;
    if (tren_dataset_provenance(&from, dataset) != TREN_OK || from.skipped == 0) return;
    size_t left = info->rows[TREN_TRAIN] + info->rows[TREN_VALIDATION] + info->rows[TREN_TEST];
    fprintf(stderr,
            "note: %lld of %zu rows have a text of more than %d tokens and were left out after the "
            "split: its percentages are those of all rows\n",
            (long long)from.skipped, left + (size_t)from.skipped, info->tokens[0]);
}

/* Reads back what was written: the message shows the file, not what we believe of it. */
static tren_status report(const char *path, double began) {
    tren_dataset *dataset;
    TREN_TRY(tren_dataset_open_rows(&dataset, path));
    print_result(path, tren_dataset_info_of(dataset), tren_seconds() - began);
    report_skipped(dataset);
    tren_status st = report_classes(dataset);
    if (st == TREN_OK) st = tren_data_print_notes(stderr, "note: ", dataset);
    tren_dataset_close(dataset);
    return st;
}

static void print_notes(char *notes) {
    for (char *line = strtok(notes, "\n"); line; line = strtok(NULL, "\n"))
        fprintf(stderr, "note: %s\n", line);
}

static tren_status set_take_and_noise(common *c) {
    c->how.take = (size_t)c->take;
    c->how.as_is = !c->normalize;
    c->how.label_noise = c->noise < 0 ? 0 : c->noise;
    if (!c->noise_kind) return TREN_OK;
    if (c->noise < 0)
        return tren_fail(TREN_ERR_USAGE,
                         "--label-noise-kind needs a probability: add --label-noise");
    return tren_noise_kind_parse(&c->how.noise_kind, c->noise_kind);
}

/* Rows to predict: all of them, in their order, in the test part. */
static tren_status keep_all(common *c) {
    const tren_split *how = &c->how;
    if (c->split || how->keep_test || how->stratify || how->take || c->noise >= 0)
        return tren_fail(TREN_ERR_USAGE,
                         "--unlabeled puts all rows into the test part, in their order: remove "
                         "--split, --keep-test, --stratify, --take and --label-noise");
    c->how = (tren_split){.percent = {[TREN_TEST] = 100}, .as_is = true, .seed = how->seed};
    return TREN_OK;
}

/* --force replaces an old dataset, but not what is read now and not a training's weights. */
static tren_status check_out(const tren_settings_args *args, const common *c) {
    if (!c->out) return tren_fail(TREN_ERR_USAGE, "--out is missing: the dataset to write");
    TREN_TRY(tren_settings_keep_files(args, c->out));
    TREN_TRY(tren_out_keep_checkpoint(c->out));
    return tren_dataset_check_absent(c->out, c->force);
}

static void note_mixed_test(tren_source *source, const common *c) {
    if (source->n_test == 0 || source->n_targets == 0 || c->how.keep_test) return;
    tren_source_note(source,
                     "the source has its own test part of %zu rows; it was mixed with the other "
                     "rows before the split (--keep-test keeps it as the test part)",
                     source->n_test);
}

static tren_status prepare(const tren_settings_args *args, common *c) {
    double began = tren_seconds();
    TREN_TRY(check_out(args, c));
    TREN_TRY(tren_split_parse(&c->how, c->split ? c->split : "96/2/2"));
    TREN_TRY(set_take_and_noise(c));
    tren_source source = {0};
    tren_status st;
    TREN_GOTO(args->kind->read(&source, args->settings, c->how.seed));
    if (source.n_targets == 0) TREN_GOTO(keep_all(c));
    note_mixed_test(&source, c);
    TREN_GOTO(tren_settings_note_twice(&source, args));
    TREN_GOTO(name_classes(&source, &c->class_names));
    TREN_GOTO(tren_dataset_write(c->out, &source, &c->how, c->force));
    print_notes(source.notes);
    st = report(c->out, began);
done:
    tren_source_close(&source);
    return st;
}

static tren_status run_source(const tren_source_kind *kind, const char *what, int argc,
                              char **argv) {
    common c = {.noise = -1, .normalize = true, .how = {.shuffle = true, .seed = 1}};
    tren_arg option[N_COMMON];
    list_common(option, &c);
    refuse_common(option, kind->without);
    tren_settings_args *args;
    TREN_TRY(tren_alloc(&args, 1, sizeof *args, "the options of a source"));
    bool help = false;
    tren_status st;
    TREN_GOTO(tren_settings_open(args, kind, option, N_COMMON));
    TREN_GOTO(tren_settings_parse(args, what, argc, argv, &help));
    if (!help) st = prepare(args, &c);
done:
    tren_settings_close(args);
    free(args);
    return st;
}

static void print_sources(const char *what, bool makers) {
    printf("Usage\n  tren data %s SOURCE ... --out FILE.h5 [options]\n\nSources\n", what);
    for (const tren_source_kind *const *kind = tren_source_kinds; *kind; kind++)
        if ((*kind)->is_maker == makers) printf("  %-17s %s\n", (*kind)->name, (*kind)->summary);
    printf("\n'tren data %s SOURCE --help' shows the options of a source.\n", what);
}

static tren_status run(bool makers, int argc, char **argv) {
    const char *what = argv[0];
    bool help = argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));
    if (help || argc < 2) {
        print_sources(what, makers);
        return help ? TREN_OK : tren_fail(TREN_ERR_USAGE, "%s: a source is missing", what);
    }
    const tren_source_kind *kind;
    TREN_TRY(tren_source_find(&kind, argv[1], makers));
    return run_source(kind, what, argc - 1, argv + 1);
}

tren_status tren_data_import(int argc, char **argv) {
    return run(false, argc, argv);
}

tren_status tren_data_make(int argc, char **argv) {
    return run(true, argc, argv);
}
