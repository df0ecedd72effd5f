/* The datasets of experiments: made by our makers, or small ones out of a large one. */
#include "tren/sources.h"
#include "lab/training.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void lab_data_path(char path[TREN_MAX_PATH], const tren_lab *lab, const char *name, ...) {
    char file[128];
    va_list args;
    va_start(args, name);
    vsnprintf(file, sizeof file, name, args);
    va_end(args);
    snprintf(path, TREN_MAX_PATH, "%s/data/%s.h5", lab->dir, file);
}

static tren_status set_number(void *settings, const tren_source_kind *kind,
                              const lab_setting *want) {
    for (size_t i = 0; i < kind->n_settings; i++) {
        const tren_setting *s = &kind->setting[i];
        if (strcmp(s->name, want->name) != 0) continue;
        void *at = (char *)settings + s->at;
        if (s->type == TREN_SETTING_REAL)
            *(double *)at = want->value;
        else if (s->type == TREN_SETTING_FLAG)
            *(bool *)at = want->value != 0;
        else
            *(int *)at = (int)want->value;
        return TREN_OK;
    }
    return tren_fail(TREN_ERR_INTERNAL, "%s has no setting '%s'", kind->name, want->name);
}

static tren_status read_source(tren_source *source, const char *maker, const lab_setting *setting,
                               uint64_t seed) {
    const tren_source_kind *kind;
    void *settings = NULL;
    TREN_TRY(tren_source_find(&kind, maker, true));
    TREN_TRY(tren_alloc(&settings, 1, kind->settings_size, "the settings of a source"));
    tren_settings_default(settings, kind);
    tren_status st = TREN_OK;
    for (; setting->name && st == TREN_OK; setting++) st = set_number(settings, kind, setting);
    if (st == TREN_OK) st = kind->read(source, settings, seed);
    free(settings);
    return st;
}

tren_status lab_make(const char *path, const char *maker, const lab_setting *setting,
                     const tren_split *split) {
    if (access(path, R_OK) == 0) return TREN_OK;
    tren_source source = {0};
    tren_status st = read_source(&source, maker, setting, split->seed);
    if (st == TREN_OK) st = tren_dataset_write(path, &source, split, false);
    tren_source_close(&source);
    return st;
}

/* ---- a small dataset out of a large one ------------------------------------------------------ */

/* Row i of a subset: training and validation from the front of the order, the test part from its
 * end, so that subsets of several sizes are nested and have one test part. */
static size_t place_of(size_t i, size_t all, const lab_subset *s) {
    size_t front = s->train + s->validation;
    return i < front ? i : all - s->test + (i - front);
}

/* Means of pool x pool pixels, rounded to the nearest. */
static void shrink(uint8_t *out, const uint8_t *in, tren_shape shape, int pool) {
    int h = shape.h / pool, w = shape.w / pool, area = pool * pool;
    for (int c = 0; c < shape.c; c++)
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                int sum = 0;
                for (int i = 0; i < area; i++)
                    sum += in[(c * shape.h + y * pool + i / pool) * shape.w + x * pool + i % pool];
                *out++ = (uint8_t)((sum + area / 2) / area);
            }
}

static tren_status fill(tren_source *source, const tren_rows *rows, const uint32_t *order,
                        const lab_subset *s, tren_shape shape) {
    size_t n = s->train + s->validation + s->test, width = (size_t)tren_shape_size(shape);
    tren_shape small = {shape.c, shape.h / s->pool, shape.w / s->pool};
    size_t small_width = (size_t)tren_shape_size(small);
    uint8_t *x, *y;
    TREN_TRY(tren_alloc(&x, n * small_width, 1, "a subset"));
    source->x = x;
    TREN_TRY(tren_alloc(&y, n, 1, "a subset"));
    source->y = y;
    for (size_t i = 0; i < n; i++) {
        uint32_t from = order[place_of(i, rows->n, s)];
        shrink(x + i * small_width, (const uint8_t *)rows->x + from * width, shape, s->pool);
        y[i] = (uint8_t)rows->label[from];
    }
    source->n = s->train + s->validation;
    source->n_test = s->test;
    source->shape = small;
    source->is_image = true;
    source->n_targets = 1;
    source->x_type = source->y_type = TREN_U8;
    return TREN_OK;
}

static tren_status check_large(const tren_dataset_info *info, const char *from, size_t n) {
    bool fits =
        info->is_image && info->n_classes > 1 && info->n_classes < 256 && info->x_type == TREN_U8;
    if (!fits)
        return tren_fail(TREN_ERR_USAGE,
                         "--data: %s holds no images of bytes with classes, such as Fashion-MNIST; "
                         "give a dataset that does",
                         from);
    if (info->rows[TREN_TRAIN] >= n) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "--data: %s has %zu training rows, but %zu are needed; give a larger dataset",
                     from, info->rows[TREN_TRAIN], n);
}

static tren_status choose(tren_source *source, const tren_dataset *dataset, const char *from,
                          const lab_subset *s) {
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    size_t all = info->rows[TREN_TRAIN];
    tren_rows rows = {0};
    uint32_t *order = NULL;
    tren_status st = TREN_OK;
    if (s->of > 0 && s->of < all) all = s->of;
    TREN_GOTO(check_large(info, from, s->train + s->validation + s->test));
    TREN_GOTO(tren_alloc(&order, all, sizeof *order, "a subset"));
    TREN_GOTO(tren_rows_read(&rows, dataset, TREN_TRAIN, 0, all));
    tren_rng rng = tren_rng_open(s->seed, TREN_RNG_TAKE, 0, UINT32_MAX, 0);
    tren_rng_permutation(order, &rng, (uint32_t)all);
    TREN_GOTO(fill(source, &rows, order, s, info->shape));
    source->n_classes = info->n_classes;
    TREN_GOTO(tren_dataset_content(&source->digest, dataset));
    snprintf(source->origin, sizeof source->origin, "%zu of the training rows of %s",
             source->n + source->n_test, from);
done:
    free(order);
    tren_rows_close(&rows);
    return st;
}

tren_status lab_make_subset(const char *path, const char *from, const lab_subset *s) {
    if (access(path, R_OK) == 0) return TREN_OK;
    tren_dataset *dataset;
    tren_source source = {0};
    TREN_TRY(tren_dataset_open(&dataset, from));
    double pool = (double)(s->train + s->validation);
    tren_split split = {
        .percent = {100 * (double)s->train / pool, 100 * (double)s->validation / pool, 0},
        .keep_test = s->test > 0,
        .label_noise = s->label_noise,
        .noise_kind = s->noise_kind,
        .seed = s->seed};
    tren_status st = choose(&source, dataset, from, s);
    if (st == TREN_OK) st = tren_dataset_write(path, &source, &split, false);
    tren_source_close(&source);
    tren_dataset_close(dataset);
    return st;
}
