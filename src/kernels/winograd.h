/* Private to the convolution's files: tiles of Winograd's minimal filtering F(4x4, 3x3). */
#ifndef TREN_KERNELS_WINOGRAD_H
#define TREN_KERNELS_WINOGRAD_H

#include "tren/kernels.h"

enum { WINOGRAD_OUT = 4, WINOGRAD_IN = 6, WINOGRAD_POINTS = WINOGRAD_IN * WINOGRAD_IN };
enum { WINOGRAD_GROUP = 64 }; /* tiles of a group, at most */

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

/* Elements from one point to the next of so many channels' rows of lanes. An odd number of vectors:
 * a multiple of 4096 bytes would put all 36 points into one set of the first-level cache. */
static inline size_t tren_winograd_stride(size_t vectors) {
    return (vectors | 1) * TREN_LANES;
}

/* v [point][channel][tile], the points `point` elements apart, = B^T d B of the tiles of x [blocks]
 * [channels, h, w, lanes]. */
void tren_winograd_inputs(real *v, size_t point, const real *x, const winograd_tiles *g,
                          int channels);

/* The weight gradient this way, where it pays: a matter of the shape alone. */
bool tren_winograd_weight_pays(const tren_conv_shape *shape);
size_t tren_winograd_weight_scratch(const tren_conv_shape *shape);
void tren_winograd_weight(real *restrict dw, const real *restrict dy, const real *restrict x,
                          int n_blocks, const tren_conv_shape *shape, real *restrict scratch);

#endif
