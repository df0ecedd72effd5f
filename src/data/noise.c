/* Label noise: some labels of the training part are exchanged for drawn ones (C. Zhang et al.,
 * "Understanding deep learning requires rethinking generalization", 2017). */
#include "data/prepare.h"
#include <stdlib.h>
#include <string.h>

const char *const tren_noise_kind_name[] = {"incorrect", "any", NULL};

tren_status tren_noise_kind_parse(tren_noise_kind *kind, const char *text) {
    for (int i = 0; tren_noise_kind_name[i]; i++) {
        if (strcmp(tren_noise_kind_name[i], text) != 0) continue;
        *kind = (tren_noise_kind)i;
        return TREN_OK;
    }
    return tren_fail(TREN_ERR_USAGE, "--label-noise-kind: '%s' is none of incorrect|any", text);
}

static tren_status check_noise(const tren_source *source, double p) {
    if (!(p >= 0 && p <= 1))
        return tren_fail(TREN_ERR_USAGE,
                         "--label-noise: %g is not a probability: give one from 0 to 1", p);
    if (p > 0 && source->n_classes == 0)
        return tren_fail(TREN_ERR_USAGE,
                         "--label-noise %g: the source has targets, not classes: remove the option",
                         p);
    if (p > 0 && source->n_classes == 1)
        return tren_fail(
            TREN_ERR_USAGE,
            "--label-noise %g: the data has 1 class, but label noise needs 2: remove the option",
            p);
    return TREN_OK;
}

/* Which draw of a sample's stream is which; they share a block, not words. */
enum { DRAW_WHETHER = 0, DRAW_CLASS = 1 };

/* The label of row i of the training part, whose true one is `label`. */
static int64_t draw_label(const tren_split *split, size_t i, int64_t label, int n_classes) {
    tren_rng rng = tren_rng_open(split->seed, TREN_RNG_NOISE, 0, 0, (uint32_t)i);
    if (tren_rng_uniform(&rng, DRAW_WHETHER) >= split->label_noise) return label;
    if (split->noise_kind == TREN_NOISE_ANY)
        return tren_rng_below(&rng, DRAW_CLASS, (uint32_t)n_classes);
    int64_t other = tren_rng_below(&rng, DRAW_CLASS, (uint32_t)n_classes - 1);
    return other < label ? other : other + 1;
}

static void set_label(void *y, tren_type type, size_t row, int64_t label) {
    switch (type) {
    case TREN_U8:
        ((uint8_t *)y)[row] = (uint8_t)label;
        break;
    case TREN_I32:
        ((int32_t *)y)[row] = (int32_t)label;
        break;
    default:
        ((int64_t *)y)[row] = label;
    }
}

tren_status tren_noise_open(tren_noise *noise, const tren_source *source, const tren_split *split,
                            const uint32_t *row, size_t n) {
    *noise = (tren_noise){0};
    TREN_TRY(check_noise(source, split->label_noise));
    if (split->label_noise == 0) return TREN_OK;
    size_t rows = source->n + source->n_test, size = tren_type_size(source->y_type);
    TREN_TRY(tren_alloc(&noise->y, rows, size, "labels with noise"));
    memcpy(noise->y, source->y, rows * size);
    for (size_t i = 0; i < n; i++) {
        int64_t label = tren_source_label(source, row[i]),
                noisy = draw_label(split, i, label, source->n_classes);
        set_label(noise->y, source->y_type, row[i], noisy);
        noise->n_changed += noisy != label;
    }
    return TREN_OK;
}

void tren_noise_close(tren_noise *noise) {
    free(noise->y);
    *noise = (tren_noise){0};
}
