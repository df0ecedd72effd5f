/* Augmentation: what to do to an image is drawn, composed into one map, and done in one pass. */
#include "data/augment.h"
#include "tren/data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the plan -------------------------------------------------------------------------------- */

/* The first key of the section that is away from its default, or NULL. */
static const tren_option *first_given(char value[static 256], const tren_config *config) {
    size_t n;
    const tren_option *option = tren_options(&n);
    for (size_t i = 0; i < n; i++) {
        if (strncmp(option[i].key, "augment.", strlen("augment.")) != 0) continue;
        tren_option_format(value, 256, &option[i], config);
        if (strcmp(value, option[i].fallback) != 0) return &option[i];
    }
    return NULL;
}

static tren_status check_image(const tren_config *config, const tren_dataset_info *info) {
    char value[256];
    const tren_option *option = first_given(value, config);
    if (!option || info->is_image) return TREN_OK;
    if (info->vocabulary > 0)
        return tren_fail(TREN_ERR_USAGE,
                         "%s: %s is for images, but the dataset holds text; give %s: %s",
                         option->key, value, option->key, option->fallback);
    return tren_fail(TREN_ERR_USAGE,
                     "%s: %s is for images, but the dataset is a table of %d column%s; give %s: %s",
                     option->key, value, info->shape.c, info->shape.c == 1 ? "" : "s", option->key,
                     option->fallback);
}

static tren_status check_size(const char *key, double pixels, tren_shape shape) {
    int least = shape.h < shape.w ? shape.h : shape.w;
    if (pixels < least) return TREN_OK;
    return tren_fail(
        TREN_ERR_USAGE,
        "%s: %g pixels would move images of %d x %d (height, width) out of view; give less than %d",
        key, pixels, shape.h, shape.w, least);
}

static bool moves(const tren_config *config) {
    return config->augment.rotation > 0 || config->augment.translation > 0 ||
           config->augment.crop_padding > 0 || config->augment.flip_horizontal ||
           config->augment.flip_vertical || config->augment.zoom.n > 0;
}

tren_status tren_augment_open(tren_augment *augment, const tren_config *config,
                              const tren_dataset_info *info) {
    *augment =
        (tren_augment){.kernels = tren_kernels_best(), .config = config, .shape = info->shape};
    TREN_TRY(check_image(config, info));
    TREN_TRY(check_size("augment.translation", config->augment.translation, info->shape));
    TREN_TRY(check_size("augment.crop_padding", config->augment.crop_padding, info->shape));
    augment->noise = config->augment.noise * (info->x_type == TREN_U8 ? 255 : 1);
    augment->warps = moves(config);
    if (!augment->warps) return TREN_OK;
    size_t width = (size_t)tren_shape_size(info->shape);
    TREN_TRY(tren_alloc(&augment->unit, 2 * width, sizeof *augment->unit, "an image to augment"));
    for (size_t i = 0; i < width; i++) augment->unit[i] = 1;
    return tren_alloc(&augment->room, tren_warp_room(info->shape), sizeof *augment->room,
                      "an image to augment");
}

void tren_augment_close(tren_augment *augment) {
    free(augment->room);
    free(augment->unit);
    *augment = (tren_augment){0};
}

/* ---- the map --------------------------------------------------------------------------------- */

/* Of an angle within an eighth of a turn, by their series, to the last bits: those of a C library
 * may differ with the CPU. */
static double sine_of(double x) {
    double term = x, sum = x;
    for (int k = 2; k <= 16; k += 2) sum += term *= -x * x / (k * (k + 1));
    return sum;
}

static double cosine_of(double x) {
    double term = 1, sum = 1;
    for (int k = 1; k <= 17; k += 2) sum += term *= -x * x / (k * (k + 1));
    return sum;
}

static void turn(double *cosine, double *sine, double degrees) {
    double quarters = floor(degrees / 90 + 0.5);
    double rest = (degrees - 90 * quarters) * (3.14159265358979323846 / 180);
    double c = cosine_of(rest), s = sine_of(rest);
    switch ((int)quarters & 3) {
    case 0:
        *cosine = c, *sine = s;
        break;
    case 1:
        *cosine = -s, *sine = c;
        break;
    case 2:
        *cosine = -c, *sine = -s;
        break;
    default:
        *cosine = s, *sine = -c;
    }
}

tren_warp tren_move_warp(const tren_move *move, tren_shape shape) {
    double cosine, sine, x = (shape.w - 1) / 2.0, y = (shape.h - 1) / 2.0;
    double across = (move->flip_horizontal ? -1 : 1) / move->zoom;
    double along = (move->flip_vertical ? -1 : 1) / move->zoom;
    turn(&cosine, &sine, move->degrees);
    tren_warp map = {
        .xx = across * cosine, .xy = across * sine, .yx = -along * sine, .yy = along * cosine};
    map.x0 = x - map.xx * (x + move->right) - map.xy * (y + move->down);
    map.y0 = y - map.yx * (x + move->right) - map.yy * (y + move->down);
    return map;
}

bool tren_warp_is_whole(const tren_warp *map) {
    return fabs(map->xx) == 1 && map->xy == 0 && map->yx == 0 && fabs(map->yy) == 1 &&
           floor(map->x0) == map->x0 && floor(map->y0) == map->y0 && fabs(map->x0) < 0x1p30 &&
           fabs(map->y0) < 0x1p30;
}

/* ---- the draws ------------------------------------------------------------------------------- */

/* Each has its own element, so that turning one on leaves the others as they were. */
enum { DRAW_ROTATION, DRAW_ZOOM, DRAW_RIGHT, DRAW_DOWN, DRAW_HORIZONTAL, DRAW_VERTICAL };
enum { SUB_MAP, SUB_NOISE };

static tren_rng stream(const tren_augment *augment, uint32_t sub, uint32_t sample) {
    return tren_rng_open(augment->config->seed, TREN_RNG_AUGMENT, sub, augment->epoch, sample);
}

static double between(const tren_rng *rng, uint32_t element, double least, double most) {
    return least + (most - least) * tren_rng_uniform(rng, element);
}

static double shift_of(const tren_config *config, const tren_rng *rng, uint32_t element) {
    int padding = config->augment.crop_padding;
    double most = config->augment.translation;
    if (padding > 0)
        return (double)tren_rng_below(rng, element, 2 * (uint32_t)padding + 1) - padding;
    return most > 0 ? between(rng, element, -most, most) : 0;
}

static tren_move draw_move(const tren_augment *augment, uint32_t sample) {
    const tren_config *c = augment->config;
    tren_rng rng = stream(augment, SUB_MAP, sample);
    tren_move move = {.zoom = 1};
    if (c->augment.rotation > 0)
        move.degrees = between(&rng, DRAW_ROTATION, -c->augment.rotation, c->augment.rotation);
    if (c->augment.zoom.n == 2)
        move.zoom = between(&rng, DRAW_ZOOM, c->augment.zoom.at[0], c->augment.zoom.at[1]);
    move.right = shift_of(c, &rng, DRAW_RIGHT);
    move.down = shift_of(c, &rng, DRAW_DOWN);
    move.flip_horizontal =
        c->augment.flip_horizontal && tren_rng_below(&rng, DRAW_HORIZONTAL, 2) == 1;
    move.flip_vertical = c->augment.flip_vertical && tren_rng_below(&rng, DRAW_VERTICAL, 2) == 1;
    return move;
}

/* ---- the images ------------------------------------------------------------------------------ */

static void put(const tren_augment *augment, const void *x, tren_type type) {
    if (type == TREN_U8)
        augment->kernels->warp_put_u8(augment->room, x, augment->shape);
    else if (type == TREN_F32)
        augment->kernels->warp_put_f32(augment->room, x, augment->shape);
    else /* TREN_F64: tren_dataset_open admits no other */
        augment->kernels->warp_put_f64(augment->room, x, augment->shape);
}

/* Values far from zero would lose in the room what they are about: it gets them normalised. Outside
 * the image is zero, as in other images; of a channel whose values all lie far from zero it is
 * their mean, as zero would be many times brighter or darker than any pixel. A map of pixels and a
 * normalisation may change places, because the weights of the pixels sum to 1. x [width] is
 * scratch. */
static void put_centred(real *x, const tren_rows *rows, uint32_t row,
                        const tren_normalizer *normalizer, const tren_augment *augment) {
    size_t plane = tren_warp_room(augment->shape) / (size_t)augment->shape.c;
    for (int c = 0; c < augment->shape.c; c++) {
        int at = c * normalizer->per_stat;
        double mean = normalizer->mean[at], sd = normalizer->sd[at];
        real outside = fabs(mean) > TREN_FAR * sd ? 0 : (real)(-mean / sd);
        for (size_t i = 0; i < plane; i++) augment->room[(size_t)c * plane + i] = outside;
    }
    tren_rows_fetch(x, rows, &row, 1, normalizer);
    put(augment, x, TREN_REAL);
}

static void warp_row(real *x, const tren_rows *rows, uint32_t row,
                     const tren_normalizer *normalizer, const tren_augment *augment) {
    tren_move move = draw_move(augment, (uint32_t)(rows->first + row));
    tren_warp map = tren_move_warp(&move, augment->shape);
    size_t width = (size_t)rows->width, bytes = width * tren_type_size(rows->x_type);
    const real *scale = normalizer->scale, *shift = normalizer->shift;
    if (normalizer->mean) {
        put_centred(x, rows, row, normalizer, augment);
        scale = augment->unit;
        shift = augment->unit + width;
    } else {
        put(augment, (const char *)rows->x + row * bytes, rows->x_type);
    }
    if (tren_warp_is_whole(&map))
        augment->kernels->warp_whole(x, augment->room, &map, augment->shape, scale, shift);
    else
        augment->kernels->warp_bilinear(x, augment->room, &map, augment->shape, scale, shift);
}

void tren_rows_fetch_augmented(real *x, const tren_rows *rows, const uint32_t *row, int n,
                               const tren_normalizer *normalizer, const tren_augment *augment) {
    size_t width = (size_t)rows->width;
    if (!augment->warps) tren_rows_fetch(x, rows, row, n, normalizer);
    for (int i = 0; augment->warps && i < n; i++)
        warp_row(x + i * width, rows, row[i], normalizer, augment);
    for (int i = 0; augment->noise > 0 && i < n; i++) {
        tren_rng rng = stream(augment, SUB_NOISE, (uint32_t)(rows->first + row[i]));
        augment->kernels->gaussian_add(x + i * width, normalizer->scale, (real)augment->noise, &rng,
                                       width);
    }
}
