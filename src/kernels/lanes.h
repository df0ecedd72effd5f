/* Vectors of images: one image a lane. Files that include this are compiled with contraction. */
#ifndef TREN_KERNELS_LANES_H
#define TREN_KERNELS_LANES_H

#include "kernels/clones.h"
#include "tren/kernels.h"

typedef real lanes __attribute__((vector_size(TREN_LANES * sizeof(real)), may_alias));
#ifdef TREN_DOUBLE
typedef int64_t lane_mask __attribute__((vector_size(TREN_LANES * sizeof(real)), may_alias));
#else
typedef int32_t lane_mask __attribute__((vector_size(TREN_LANES * sizeof(real)), may_alias));
#endif

/* Blocks are aligned. Macros, as vectors cannot be passed before the instruction set is known. */
#define LANES_LOAD(x)     (*(const lanes *)(x))
#define LANES_STORE(x, v) (*(lanes *)(x) = (v))

/* v where the comparison `mask` holds, else 0; a or b. */
#define LANES_WHERE(mask, v) ((lanes)((lane_mask)(mask) & (lane_mask)(v)))
#define LANES_SELECT(mask, a, b)                                                                   \
    ((lanes)(((lane_mask)(mask) & (lane_mask)(a)) | (~(lane_mask)(mask) & (lane_mask)(b))))

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* The sum of the lanes, folded in halves. */
#define LANE(l, n) (((l) + (n)) % TREN_N_LANES)
#if TREN_N_LANES == 16
#define LANES_TURNED(v, n)                                                                         \
    __builtin_shufflevector(v, v, LANE(0, n), LANE(1, n), LANE(2, n), LANE(3, n), LANE(4, n),      \
                            LANE(5, n), LANE(6, n), LANE(7, n), LANE(8, n), LANE(9, n),            \
                            LANE(10, n), LANE(11, n), LANE(12, n), LANE(13, n), LANE(14, n),       \
                            LANE(15, n))
#elif TREN_N_LANES == 8
#define LANES_TURNED(v, n)                                                                         \
    __builtin_shufflevector(v, v, LANE(0, n), LANE(1, n), LANE(2, n), LANE(3, n), LANE(4, n),      \
                            LANE(5, n), LANE(6, n), LANE(7, n))
#elif TREN_N_LANES == 4
#define LANES_TURNED(v, n)                                                                         \
    __builtin_shufflevector(v, v, LANE(0, n), LANE(1, n), LANE(2, n), LANE(3, n))
#elif TREN_N_LANES == 2
#define LANES_TURNED(v, n) __builtin_shufflevector(v, v, LANE(0, n), LANE(1, n))
#else
#error "TREN_VECTOR_BYTES is 16, 32 or 64"
#endif
#define LANES_SUM(out, v)                                                                          \
    do {                                                                                           \
        lanes lanes_sum = (v);                                                                     \
        if (TREN_LANES > 8) lanes_sum += LANES_TURNED(lanes_sum, 8);                               \
        if (TREN_LANES > 4) lanes_sum += LANES_TURNED(lanes_sum, 4);                               \
        if (TREN_LANES > 2) lanes_sum += LANES_TURNED(lanes_sum, 2);                               \
        lanes_sum += LANES_TURNED(lanes_sum, 1);                                                   \
        (out) = lanes_sum[0];                                                                      \
    } while (0)

#endif
