/* Private to the convolution's files: tiles of Winograd's minimal filtering F(4x4, 3x3). */
#ifndef TREN_KERNELS_WINOGRAD_H
#define TREN_KERNELS_WINOGRAD_H

#include "kernels/level.h"

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

static inline winograd_place tile_place(const winograd_tiles *g, int i) {
    int tile = g->first + i, in_block = tile % g->a_block;
    return (winograd_place){tile / g->a_block, in_block / g->across * WINOGRAD_OUT,
                            in_block % g->across * WINOGRAD_OUT};
}

/* Elements from one point to the next of so many channels' rows of lanes. An odd number of vectors:
 * a multiple of 4096 bytes would put all 36 points into one set of the first-level cache. */
static inline size_t winograd_stride(size_t vectors) {
    return (vectors | 1) * TREN_LANES;
}

/* Asks for one part of POINTS of the 4 x 4 pixels of the tiles of a [blocks][channels, h, w,
 * lanes]: while one point's product is computed, memory brings what comes next. */
ALWAYS_INLINE void winograd_fetch(const real *a, int channels, const winograd_tiles *g, int part) {
    size_t area = (size_t)g->h * g->w * TREN_LANES;
    int n = g->n * channels, hi = n * (part + 1) / WINOGRAD_POINTS;
    for (int i = n * part / WINOGRAD_POINTS; i < hi; i++) {
        winograd_place at = tile_place(g, i / channels);
        const real *from = a + ((size_t)at.block * channels + i % channels) * area;
        for (int y = at.y; y < at.y + WINOGRAD_OUT && y < g->h; y++)
            for (int x = at.x; x < at.x + WINOGRAD_OUT && x < g->w; x++)
                __builtin_prefetch(from + ((size_t)y * g->w + x) * TREN_LANES, 0, 2);
    }
}

/* The tiles after these, as many at most, of `all`. */
static inline winograd_tiles winograd_next(const winograd_tiles *g, int all) {
    winograd_tiles next = *g;
    next.first += g->n;
    if (all - next.first < next.n) next.n = all - next.first;
    return next;
}

/* v [point][channel][tile], the points `point` elements apart, = B^T d B of the tiles of x [blocks]
 * [channels, h, w, lanes]. */
#define winograd_inputs LEVEL(winograd_inputs)
void winograd_inputs(real *v, size_t point, const real *x, const winograd_tiles *g, int channels);

#endif
