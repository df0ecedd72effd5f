/* Augmented rows: what is drawn for an image, whoever asks, and in whichever company. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tren/data.h"

enum { C = 3, H = 9, W = 8, WIDTH = C * H * W, ROWS = 40, FIRST = 100 };

/* A dataset in memory: ROWS images from place FIRST of the training part on. */
typedef struct world {
    tren_config config;
    tren_dataset_info info;
    double mean[C], sd[C];
    tren_rows rows;
    tren_normalizer normalizer;
    tren_augment augment;
    uint32_t all[ROWS];
    real *plain, *x;
} world;

static void fill(world *w, tren_type type) {
    tren_rng rng = tren_rng_open(2, TREN_RNG_TEST, 0, 0, 0);
    size_t n = (size_t)ROWS * WIDTH;
    w->rows = (tren_rows){.first = FIRST, .n = ROWS, .width = WIDTH, .x_type = type};
    w->rows.x = malloc(n * tren_type_size(type));
    for (size_t i = 0; i < n; i++) {
        double value = tren_rng_uniform(&rng, (uint32_t)i);
        if (type == TREN_U8) ((uint8_t *)w->rows.x)[i] = (uint8_t)(value * 256);
        if (type == TREN_F32) ((float *)w->rows.x)[i] = (float)value;
        if (type == TREN_F64) ((double *)w->rows.x)[i] = value;
    }
}

static world *open_world(tren_type type) {
    world *w = calloc(1, sizeof *w);
    for (int c = 0; c < C; c++) w->mean[c] = 0.3 + c, w->sd[c] = 0.7 + c;
    w->info = (tren_dataset_info){.shape = {C, H, W},
                                  .is_image = true,
                                  .x_type = type,
                                  .n_stats = C,
                                  .mean = w->mean,
                                  .sd = w->sd};
    fill(w, type);
    tren_config_defaults(&w->config);
    cr_assert_eq(tren_normalizer_open(&w->normalizer, &w->info), TREN_OK);
    for (uint32_t i = 0; i < ROWS; i++) w->all[i] = i;
    w->plain = malloc(sizeof(real) * ROWS * WIDTH);
    w->x = malloc(sizeof(real) * ROWS * WIDTH);
    tren_rows_fetch(w->plain, &w->rows, w->all, ROWS, &w->normalizer);
    return w;
}

static void set(world *w, const char *key, const char *value) {
    cr_assert_eq(tren_config_set(&w->config, key, value, "test"), TREN_OK, "%s", tren_error_text());
}

/* All rows, augmented as in `epoch`, to w->x. */
static void fetch(world *w, uint32_t epoch) {
    tren_augment_close(&w->augment);
    cr_assert_eq(tren_augment_open(&w->augment, &w->config, &w->info), TREN_OK, "%s",
                 tren_error_text());
    w->augment.epoch = epoch;
    tren_rows_fetch_augmented(w->x, &w->rows, w->all, ROWS, &w->normalizer, &w->augment);
}

static void close_world(world *w) {
    tren_augment_close(&w->augment);
    tren_normalizer_close(&w->normalizer);
    tren_rows_close(&w->rows);
    free(w->plain);
    free(w->x);
    free(w);
}

static void everything(world *w) {
    set(w, "augment.rotation", "20");
    set(w, "augment.translation", "2.5");
    set(w, "augment.zoom", "[0.8, 1.2]");
    set(w, "augment.flip_horizontal", "true");
    set(w, "augment.flip_vertical", "true");
    set(w, "augment.noise", "0.05");
}

static const tren_type types[] = {TREN_U8, TREN_F32, TREN_F64};

Test(augment, nothing_given_is_the_plain_fetch) {
    for (int t = 0; t < 3; t++) {
        world *w = open_world(types[t]);
        fetch(w, 3);
        cr_assert_eq(memcmp(w->x, w->plain, sizeof(real) * ROWS * WIDTH), 0);
        close_world(w);
    }
}

/* Where channel c, row i, column j of image n is in the plain fetch, or the normalised zero. */
static real moved(const world *w, int n, int c, int i, int j) {
    bool inside = i >= 0 && i < H && j >= 0 && j < W;
    int at = (c * H + i) * W + j;
    return inside ? w->plain[n * WIDTH + at] : w->normalizer.shift[c * H * W];
}

static bool same_image(const world *w, int n, int down, int right, int flips) {
    for (int k = 0; k < WIDTH; k++) {
        int c = k / (H * W), i = k / W % H - down, j = k % W - right;
        real want = moved(w, n, c, flips & 2 ? H - 1 - i : i, flips & 1 ? W - 1 - j : j);
        if (memcmp(&want, &w->x[n * WIDTH + k], sizeof want) != 0) return false;
    }
    return true;
}

Test(augment, crops_and_flips_are_the_pixels_of_the_plain_fetch) {
    for (int t = 0; t < 3; t++) {
        world *w = open_world(types[t]);
        int seen[7][7] = {{0}}, flipped[4] = {0};
        set(w, "augment.crop_padding", "3");
        set(w, "augment.flip_horizontal", "true");
        set(w, "augment.flip_vertical", "true");
        for (uint32_t epoch = 0; epoch < 10; epoch++) {
            fetch(w, epoch);
            for (int n = 0; n < ROWS; n++) {
                int found = 0;
                for (int k = 0; k < 7 * 7 * 4; k++) {
                    if (!same_image(w, n, k / 4 % 7 - 3, k / 28 - 3, k % 4)) continue;
                    found++;
                    seen[k / 4 % 7][k / 28]++;
                    flipped[k % 4]++;
                }
                cr_assert_eq(found, 1, "image %d: %d ways", n, found);
            }
        }
        for (int k = 0; k < 49; k++) cr_assert_gt(seen[k / 7][k % 7], 0, "never %d", k);
        for (int k = 0; k < 4; k++) /* 100 expected, with a standard deviation of 8.7 */
            cr_assert_float_eq(flipped[k], 100, 36, "flips %d: %d times", k, flipped[k]);
        close_world(w);
    }
}

/* The same images, so far from zero that float would not tell their pixels apart. Multiples of
 * 2^-12 stay exact in f64. */
static void move_away(world *w, bool away) {
    double *x = w->rows.x, offset = away ? 0x1p36 : 0;
    for (size_t i = 0; i < (size_t)ROWS * WIDTH; i++) x[i] = floor(x[i] * 0x1p12) / 0x1p12 + offset;
    for (int c = 0; c < C; c++) w->mean[c] += offset;
    tren_normalizer_close(&w->normalizer);
    cr_assert_eq(tren_normalizer_open(&w->normalizer, &w->info), TREN_OK);
    tren_rows_fetch(w->plain, &w->rows, w->all, ROWS, &w->normalizer);
}

Test(augment, images_far_from_zero_are_changed_as_those_near_it) {
    world *near = open_world(TREN_F64), *far = open_world(TREN_F64);
    move_away(near, false);
    move_away(far, true);
    for (int bilinear = 0; bilinear < 2; bilinear++) {
        int inside = 0, outside = 0;
        for (world *w = near; w; w = w == near ? far : NULL) {
            set(w, "augment.crop_padding", bilinear ? "0" : "2");
            set(w, "augment.flip_horizontal", "true");
            set(w, "augment.rotation", bilinear ? "15" : "0");
            fetch(w, 3);
        }
        for (int i = 0; i < ROWS * WIDTH; i++) {
            int c = i / (H * W) % C;
            double x = (double)far->x[i], y = (double)near->x[i],
                   zero = -near->mean[c] / near->sd[c];
            cr_assert_lt(fabs(x), 10, "%d: %g is no pixel's value", i, x);
            if (fabs(x - y) < 1e-4)
                inside++;
            else if (!bilinear) {
                cr_assert(x == 0 && fabs(y - zero) < 1e-6, "%d: %g, %g: outside is the mean", i, x,
                          y);
                outside++;
            }
        }
        cr_assert_gt(inside, ROWS * WIDTH / 4);
        cr_assert(bilinear || outside > ROWS);
    }
    close_world(near);
    close_world(far);
}

Test(augment, epochs_samples_and_seeds_draw_differently_and_again_the_same) {
    world *w = open_world(TREN_U8);
    size_t bytes = sizeof(real) * ROWS * WIDTH;
    real *first = malloc(bytes);
    everything(w);
    fetch(w, 5);
    memcpy(first, w->x, bytes);
    cr_assert_neq(memcmp(first, w->plain, bytes), 0);
    fetch(w, 6);
    cr_assert_neq(memcmp(first, w->x, bytes), 0);
    fetch(w, 5);
    cr_assert_eq(memcmp(first, w->x, bytes), 0);
    set(w, "seed", "2");
    fetch(w, 5);
    cr_assert_neq(memcmp(first, w->x, bytes), 0);
    free(first);
    close_world(w);
}

Test(augment, does_not_depend_on_the_batch_or_on_who_holds_the_row) {
    world *w = open_world(TREN_F32);
    everything(w);
    fetch(w, 1);
    tren_rows part = w->rows; /* rows 30 ... of those above, on another rank */
    part.first += 30;
    part.n -= 30;
    part.x = (float *)w->rows.x + (size_t)30 * WIDTH;
    uint32_t some[] = {7, 0, 7, 3};
    real *x = malloc(sizeof(real) * 4 * WIDTH);
    tren_rows_fetch_augmented(x, &part, some, 4, &w->normalizer, &w->augment);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(memcmp(x + (size_t)i * WIDTH, w->x + (size_t)(30 + some[i]) * WIDTH,
                            sizeof(real) * WIDTH),
                     0);
    free(x);
    close_world(w);
}

Test(augment, noise_has_the_sd_of_its_key_in_normalised_units) {
    for (int t = 0; t < 3; t++) {
        world *w = open_world(types[t]);
        double sd = 0.2 * (types[t] == TREN_U8 ? 255 : 1), n = ROWS * H * W;
        set(w, "augment.noise", "0.2");
        fetch(w, 0);
        cr_assert_float_eq(w->augment.noise, sd, 1e-12);
        for (int c = 0; c < C; c++) {
            double sum = 0, squares = 0, scale = (double)w->normalizer.scale[c * H * W];
            for (int i = 0; i < ROWS * WIDTH; i++) {
                if (i / (H * W) % C != c) continue;
                double noise = (double)(w->x[i] - w->plain[i]) / scale / sd;
                sum += noise;
                squares += noise * noise;
            }
            cr_assert_float_eq(sum / n, 0, 4 / sqrt(n), "mean %g", sum / n);
            cr_assert_float_eq(squares / n, 1, 4 * sqrt(2 / n), "variance %g", squares / n);
        }
        close_world(w);
    }
}

Test(augment, turning_one_thing_on_leaves_the_draws_of_another) {
    world *w = open_world(TREN_U8);
    size_t bytes = sizeof(real) * ROWS * WIDTH;
    set(w, "augment.crop_padding", "2");
    fetch(w, 0);
    real *first = malloc(bytes);
    memcpy(first, w->x, bytes);
    set(w, "augment.rotation", "1e-300");
    fetch(w, 0);
    for (int i = 0; i < ROWS * WIDTH; i++)
        cr_assert_float_eq((double)w->x[i], (double)first[i], 1e-3);
    free(first);
    close_world(w);
}

static void expect_refusal(world *w, const char *part) {
    tren_augment augment;
    cr_assert_eq(tren_augment_open(&augment, &w->config, &w->info), TREN_ERR_USAGE);
    cr_assert(strstr(tren_error_text(), part), "no '%s' in: %s", part, tren_error_text());
}

Test(augment, refuses_moves_that_leave_nothing_and_tables) {
    world *w = open_world(TREN_U8);
    set(w, "augment.translation", "8");
    expect_refusal(w, "augment.translation: 8 pixels");
    expect_refusal(w, "give less than 8");
    set(w, "augment.translation", "0");
    set(w, "augment.crop_padding", "9");
    expect_refusal(w, "augment.crop_padding: 9 pixels");
    w->info.is_image = false;
    expect_refusal(w, "augment.crop_padding: 9 is for images");
    set(w, "augment.crop_padding", "0");
    set(w, "augment.zoom", "[0.9, 1]");
    expect_refusal(w, "give augment.zoom: []");
    set(w, "augment.zoom", "[]");
    set(w, "augment.noise", "0.5");
    expect_refusal(w, "augment.noise: 0.5 is for images");
    close_world(w);
}
