/* Private to the convolution's files: tiles of Winograd's minimal filtering F(4x4, 3x3). */
#ifndef TREN_KERNELS_WINOGRAD_H
#define TREN_KERNELS_WINOGRAD_H

#include "tren/kernels.h"

enum { WINOGRAD_OUT = 4, WINOGRAD_IN = 6, WINOGRAD_POINTS = WINOGRAD_IN * WINOGRAD_IN };

/* Tiles [first, first + n) of all blocks, row by row. */
typedef struct winograd_tiles {
    int first, n;
    int h, w, across, a_block; /* of a picture; tiles in a row and in a block */
} winograd_tiles;

typedef struct winograd_place {
    int block, y, x; /* of the first output */
} winograd_place;

static inline winograd_place tren_tile_place(const winograd_tiles *g, int i) {
    int tile = g->first + i, in_block = tile % g->a_block;
    return (winograd_place){tile / g->a_block, in_block / g->across * WINOGRAD_OUT,
                            in_block % g->across * WINOGRAD_OUT};
}

/* v [point] `point` elements apart = B^T d B of one channel's tile; x the channel's picture. */
void tren_winograd_input(real *v, size_t point, const real *x, const winograd_tiles *g,
                         winograd_place at);

/* The weight gradient this way, where it pays: a matter of the shape alone. */
bool tren_winograd_weight_pays(const tren_conv_shape *shape);
size_t tren_winograd_weight_scratch(const tren_conv_shape *shape);
void tren_winograd_weight(real *restrict dw, const real *restrict dy, const real *restrict x,
                          int n_blocks, const tren_conv_shape *shape, real *restrict scratch);

#endif
