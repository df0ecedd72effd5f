/* From the dimensions of an array to the shape of a row. */
#include "data/source.h"
#include <stdlib.h>
#include <string.h>

/* The dimensions behind the rows, 1 where there is none. */
typedef struct sizes {
    int a, b, c;
} sizes;

/* Few channels come last, and fewer than anything else: [n,32,32,3]. */
static bool looks_channels_last(sizes d) {
    return d.c <= 4 && d.c < d.a && d.c < d.b;
}

static tren_status ask(sizes d, const char *what) {
    return tren_fail(
        TREN_ERR_USAGE,
        "%s: [n,%d,%d,%d] may be images of %d x %d with %d channel%s, or of %d x %d with %d "
        "channels: give --channels-last for the first case, --channels-first for the second",
        what, d.a, d.b, d.c, d.a, d.b, d.c, d.c == 1 ? "" : "s", d.b, d.c, d.a);
}

static tren_status check_settings(const tren_h5_shape *shape, const tren_layout_settings *want,
                                  const char *what) {
    if (want->channels_last && want->channels_first)
        return tren_fail(TREN_ERR_USAGE,
                         "--channels-last and --channels-first cannot be used together");
    if (want->channels_last && shape->rank != 4)
        return tren_fail(
            TREN_ERR_USAGE,
            "--channels-last: %s has %d dimensions, but [n,h,w,c] has 4; remove the option", what,
            shape->rank);
    return TREN_OK;
}

tren_status tren_source_set_layout(tren_source *source, const tren_h5_shape *shape,
                                   const tren_layout_settings *want, const char *what) {
    size_t width = 1;
    for (int i = 1; i < shape->rank; i++) tren_size_mul(&width, width, shape->dim[i]);
    if (shape->rank < 1 || shape->rank > 4 || width == 0 || width > INT32_MAX)
        return tren_fail(TREN_ERR_DATA,
                         "%s: expected [n], [n,f], [n,h,w] or [n,c,h,w], but it has %d dimensions "
                         "and %zu values per row",
                         what, shape->rank, width);
    TREN_TRY(check_settings(shape, want, what));
    sizes d = {(int)shape->dim[1], (int)shape->dim[2], (int)shape->dim[3]};
    source->is_image = shape->rank >= 3;
    switch (shape->rank) {
    case 4:
        if (!want->channels_last && !want->channels_first && looks_channels_last(d))
            return ask(d, what);
        source->shape =
            want->channels_last ? (tren_shape){d.c, d.a, d.b} : (tren_shape){d.a, d.b, d.c};
        break;
    case 3:
        source->shape = (tren_shape){1, d.a, d.b};
        break;
    case 2:
        source->shape = (tren_shape){d.a, 1, 1};
        break;
    default:
        source->shape = (tren_shape){1, 1, 1};
    }
    return TREN_OK;
}

/* One image from [h,w,c] to [c,h,w]. */
static void channels_first(char *out, const char *in, tren_shape s, size_t size) {
    size_t pixels = (size_t)s.h * (size_t)s.w, c = (size_t)s.c;
    for (size_t k = 0; k < c; k++)
        for (size_t i = 0; i < pixels; i++)
            memcpy(out + (k * pixels + i) * size, in + (i * c + k) * size, size);
}

tren_status tren_source_put_channels_first(tren_source *source) {
    size_t size = tren_type_size(source->x_type), bytes = tren_source_width(source) * size;
    char *image;
    TREN_TRY(tren_alloc(&image, 1, bytes, "an image"));
    for (size_t i = 0; i < tren_source_rows(source); i++) {
        char *row = (char *)source->x + i * bytes;
        memcpy(image, row, bytes);
        channels_first(row, image, source->shape, size);
    }
    free(image);
    return TREN_OK;
}
