/* tren data preview: what augmentation makes of training images, as a picture. */
#include "base/config_table.h"
#include "cli/args.h"
#include "cli/cmd_data.h"
#include "cli/out_file.h"
#include "cli/png.h"
#include "cli/text_rows.h"
#include "tren/data.h"
#include "cli/console.h"
#include <math.h>
#include <string.h>

enum { MAX_OPTIONS = 24, GAP = 4, WIDE_GAP = 12, SHADE = 200, MAX_SIDE = 16384 };

typedef struct preview {
    /* the command line */
    tren_config config;
    const char *file, *config_file, *out_path;
    int n, copies;
    bool force, json;
    tren_arg option[MAX_OPTIONS];
    int n_options;
    const char *text[MAX_OPTIONS]; /* values of augment.* as given, by option */
    /* the data */
    tren_dataset *dataset;
    const tren_dataset_info *info; /* not owned */
    tren_rows rows;
    tren_normalizer as_stored; /* at most subtracts one number from all pixels */
    tren_augment augment;
    /* the sheet */
    tren_picture sheet;
    tren_arena image; /* one, as stored, [c, h, w] */
    int scale;        /* pixels of the sheet for one of an image, along each axis */
    double black, white;
} preview;

/* ---- the command line ------------------------------------------------------------------------ */

static const char *metavar_of(const tren_option *option) {
    if (option->type == TREN_OPTION_BOOL) return NULL;
    if (tren_option_is_list(option)) return "[LO,HI]";
    return option->type == TREN_OPTION_INT ? "N" : "X";
}

static void list_options(preview *p) {
    const tren_arg own[] = {
        {"n", TREN_ARG_INT, &p->n, "N",
         .help = "Number of samples, from the start of the training part; default: 8.", .min = 1,
         .max = 1000},
        {"copies", TREN_ARG_INT, &p->copies, "N",
         .help = "Number of epochs to show for each sample; default: 7.", .min = 1, .max = 1000},
        {"seed", TREN_ARG_SEED, &p->config.seed, "N", .help = "Seed of the run; default: 1."},
        {"out", TREN_ARG_TEXT, &p->out_path, "FILE.png",
         .help = "Picture to write; default: preview.png."},
        {"config", TREN_ARG_TEXT, &p->config_file, "RUN.yaml",
         .help = "Take seed, augmentation and dataset from a config file; options override it."},
        {"force", TREN_ARG_FLAG, &p->force, NULL, .help = "Overwrite an existing file."},
        {"json", TREN_ARG_FLAG, &p->json, NULL,
         .help = "Print JSON: the rows, or what was drawn."}};
    memcpy(p->option, own, sizeof own);
    p->n_options = sizeof own / sizeof *own;
    size_t n;
    const tren_option *option = tren_options(&n);
    for (size_t i = 0; i < n && p->n_options < MAX_OPTIONS - 1; i++) {
        if (strncmp(option[i].key, "augment.", strlen("augment.")) != 0) continue;
        bool flag = option[i].type == TREN_OPTION_BOOL;
        p->option[p->n_options] = (tren_arg){.name = option[i].key,
                                             .type = flag ? TREN_ARG_FLAG : TREN_ARG_TEXT,
                                             .at = flag ? tren_option_at(&option[i], &p->config)
                                                        : (void *)&p->text[p->n_options],
                                             .metavar = metavar_of(&option[i]),
                                             .help = option[i].help};
        p->n_options++;
    }
}

static tren_status parse(preview *p, int argc, char **argv, bool *help) {
    const char *positional[1] = {NULL};
    tren_args args = {
        .command = "data preview",
        .synopsis = "FILE.h5 [--augment.KEY VALUE ...] [--out FILE.png] [--json] [options]",
        .summary = "Draw training images, one per row of the picture: first the original, "
                   "then as training would see it in the first epochs. Values that are not "
                   "bytes are scaled from the smallest to the largest value of these "
                   "images. For text, print the rows: number, number of tokens, text.",
        .options = p->option,
        .positional = positional,
        .max_positional = 1};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    *help = args.help;
    p->file = positional[0];
    return TREN_OK;
}

/* Defaults < file < options, so with a file the line is read a second time. */
static tren_status read_line(preview *p, int argc, char **argv, bool *help) {
    tren_config_defaults(&p->config);
    list_options(p);
    TREN_TRY(parse(p, argc, argv, help));
    if (*help) return TREN_OK;
    if (p->config_file) {
        tren_config_defaults(&p->config);
        TREN_TRY(tren_config_load(&p->config, p->config_file));
        TREN_TRY(parse(p, argc, argv, help));
    }
    for (int i = 0; i < p->n_options; i++)
        if (p->text[i])
            TREN_TRY(tren_config_set(&p->config, p->option[i].name, p->text[i], "command line"));
    TREN_TRY(tren_config_check(&p->config));
    if (!p->file && *p->config.data) p->file = p->config.data;
    if (!p->file)
        return tren_fail(TREN_ERR_USAGE,
                         "preview: a dataset is missing: tren data preview FILE.h5");
    return TREN_OK;
}

/* ---- the data -------------------------------------------------------------------------------- */

static tren_status check_image(const preview *p) {
    const tren_dataset_info *info = p->info;
    if (!info->is_image)
        return tren_fail(
            TREN_ERR_USAGE,
            "%s: is a table of %d column%s, but preview draws images; give a dataset of images",
            p->file, info->shape.c, info->shape.c == 1 ? "" : "s");
    if (info->shape.c != 1 && info->shape.c != 3)
        return tren_fail(TREN_ERR_USAGE,
                         "%s: its images have %d channels, but preview draws images of 1 (grey) or "
                         "3 channels (RGB)",
                         p->file, info->shape.c);
    return TREN_OK;
}

static tren_status open_data(preview *p) {
    TREN_TRY(tren_dataset_open_rows(&p->dataset, p->file));
    p->info = tren_dataset_info_of(p->dataset);
    TREN_TRY(check_image(p));
    TREN_TRY(tren_augment_open(&p->augment, &p->config, p->info));
    if (p->n > (int64_t)p->info->rows[TREN_TRAIN]) p->n = (int)p->info->rows[TREN_TRAIN];
    if (!p->augment.warps && p->augment.noise == 0) p->copies = 0;
    TREN_TRY(tren_rows_read(&p->rows, p->dataset, TREN_TRAIN, 0, (size_t)p->n));
    tren_dataset_info plain = *p->info;
    /* Float would not tell pixels apart that lie far from zero. */
    bool far = plain.x_type != TREN_U8 && fabs(plain.mean[0]) > TREN_FAR * plain.sd[0];
    double from = far ? plain.mean[0] : 0, zero[3] = {from, from, from}, one[3] = {1, 1, 1};
    plain.mean = zero;
    plain.sd = one;
    return tren_normalizer_open(&p->as_stored, &plain);
}

static void fetch_plain(const preview *p, uint32_t row) {
    tren_rows_fetch(p->image.at, &p->rows, &row, 1, &p->as_stored);
}

/* What is drawn black and white. */
static void find_range(preview *p) {
    p->black = 0;
    p->white = 255;
    if (p->info->x_type == TREN_U8) return;
    fetch_plain(p, 0);
    p->black = p->white = (double)p->image.at[0];
    for (int row = 0; row < p->n; row++) {
        fetch_plain(p, (uint32_t)row);
        for (size_t i = 0; i < p->image.len; i++) {
            double value = (double)p->image.at[i];
            if (value < p->black) p->black = value;
            if (value > p->white) p->white = value;
        }
    }
}

/* ---- the sheet ------------------------------------------------------------------------------- */

static uint8_t shade_of(const preview *p, double value) {
    double range = p->white - p->black;
    double shade = range > 0 ? (value - p->black) / range * 255 + 0.5 : 0;
    return (uint8_t)(shade < 0 ? 0 : shade > 255 ? 255 : shade);
}

/* The left or upper edge of cell `k`; the originals stand apart. */
static int edge(int k, int pixels, bool apart) {
    return GAP + k * (pixels + GAP) + (apart && k > 0 ? WIDE_GAP - GAP : 0);
}

static void draw(preview *p, int row, int column) {
    tren_shape s = p->info->shape;
    int top = edge(row, s.h * p->scale, false), left = edge(column, s.w * p->scale, true);
    for (int i = 0; i < s.h * p->scale; i++)
        for (int j = 0; j < s.w * p->scale; j++) {
            size_t at = (size_t)(top + i) * (size_t)p->sheet.w + (size_t)(left + j);
            for (int c = 0; c < s.c; c++) {
                int from = (c * s.h + i / p->scale) * s.w + j / p->scale;
                p->sheet.at[at * (size_t)s.c + (size_t)c] = shade_of(p, (double)p->image.at[from]);
            }
        }
}

static void draw_all(preview *p) {
    for (int row = 0; row < p->n; row++) {
        uint32_t index = (uint32_t)row;
        fetch_plain(p, index);
        draw(p, row, 0);
        for (int copy = 0; copy < p->copies; copy++) {
            p->augment.epoch = (uint32_t)copy;
            tren_rows_fetch_augmented(p->image.at, &p->rows, &index, 1, &p->as_stored, &p->augment);
            draw(p, row, 1 + copy);
        }
    }
}

/* Small images are drawn larger. */
static tren_status open_sheet(preview *p) {
    tren_shape s = p->info->shape;
    int side = s.h > s.w ? s.h : s.w;
    p->scale = side <= 64 ? 4 : side <= 128 ? 2 : 1;
    int64_t w = WIDE_GAP + (int64_t)(1 + p->copies) * (s.w * p->scale + GAP),
            h = GAP + (int64_t)p->n * (s.h * p->scale + GAP);
    if (w > MAX_SIDE || h > MAX_SIDE)
        return tren_fail(TREN_ERR_USAGE,
                         "preview: the picture would have %lld x %lld pixels, but a side has at "
                         "most %d; give a smaller %s",
                         (long long)w, (long long)h, MAX_SIDE, w > MAX_SIDE ? "--copies" : "--n");
    TREN_TRY(tren_picture_open(&p->sheet, (int)w, (int)h, s.c, SHADE));
    return tren_arena_open(&p->image, (size_t)tren_shape_size(s));
}

static void json_report(const preview *p) {
    tren_json j = {.out = stdout};
    tren_json_begin(&j, NULL, '{');
    tren_json_text(&j, "picture", p->out_path);
    tren_json_whole(&j, "images", p->n);
    tren_json_whole(&j, "epochs", p->copies);
    tren_json_whole(&j, "width", p->sheet.w);
    tren_json_whole(&j, "height", p->sheet.h);
    tren_json_real(&j, "black", p->black);
    tren_json_real(&j, "white", p->white);
    tren_json_end(&j);
}

static void report(const preview *p) {
    printf("%s: %d training image%s", tren_cli_shown(p->out_path), p->n, p->n == 1 ? "" : "s");
    if (p->copies)
        printf(" and the first %d epoch%s of %s", p->copies, p->copies == 1 ? "" : "s",
               p->n == 1 ? "it" : "them");
    else
        printf("; no augmentation is set, such as --augment.rotation 15");
    printf(" (%d x %d pixels)\n", p->sheet.w, p->sheet.h);
}

static tren_status make(preview *p) {
    tren_out_file out;
    TREN_TRY(tren_out_keep_input(p->out_path, p->file));
    TREN_TRY(tren_out_check(&out, p->out_path, p->force));
    tren_status st;
    TREN_GOTO(open_data(p));
    TREN_GOTO(open_sheet(p));
    find_range(p);
    draw_all(p);
    TREN_GOTO(tren_out_open_text(&out));
    TREN_GOTO(tren_png_write(out.text, &p->sheet));
    TREN_GOTO(tren_out_finish(&out));
    (p->json ? json_report : report)(p);
done:
    tren_out_close(&out);
    tren_arena_close(&p->image);
    tren_picture_close(&p->sheet);
    tren_augment_close(&p->augment);
    tren_normalizer_close(&p->as_stored);
    tren_rows_close(&p->rows);
    tren_dataset_close(p->dataset);
    return st;
}

/* What does nothing for text is not given for it. */
static tren_status check_text(const preview *p, const tren_dataset_info *info, int argc,
                              char **argv) {
    static const char *const picture[] = {"out", "force", "copies", "seed"};
    tren_augment none;
    for (size_t i = 0; i < sizeof picture / sizeof *picture; i++)
        if (tren_args_given(picture[i], argc, argv))
            return tren_fail(TREN_ERR_USAGE,
                             "--%s: is for a picture of images, but %s holds text, whose rows are "
                             "printed; remove this option",
                             picture[i], p->file);
    tren_status st = tren_augment_open(&none, &p->config, info);
    tren_augment_close(&none);
    return st;
}

/* Of text, the rows themselves. */
static tren_status preview_text(bool *is_text, const preview *p, int argc, char **argv) {
    tren_dataset *dataset;
    TREN_TRY(tren_dataset_open_rows(&dataset, p->file));
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    *is_text = info->vocabulary > 0;
    tren_part part = info->n_targets == 0 ? TREN_TEST : TREN_TRAIN;
    tren_status st = *is_text ? check_text(p, info, argc, argv) : TREN_OK;
    tren_json document = {.out = stdout};
    if (*is_text && st == TREN_OK)
        st = p->json ? tren_text_rows_json(&document, dataset, part, 0, (size_t)p->n)
                     : tren_text_rows_print(stdout, dataset, part, 0, (size_t)p->n, 0);
    tren_dataset_close(dataset);
    return st;
}

tren_status tren_data_preview(int argc, char **argv) {
    preview p = {.n = 8, .copies = 7, .out_path = "preview.png"};
    bool help = false;
    TREN_TRY(read_line(&p, argc, argv, &help));
    if (help) return TREN_OK;
    bool is_text;
    TREN_TRY(preview_text(&is_text, &p, argc, argv));
    if (is_text) return TREN_OK;
    TREN_TRY(tren_out_ending(p.out_path, ".png"));
    return make(&p);
}
