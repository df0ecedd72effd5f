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
#define LANES_TURNED(v, n)                                                                         \
    __builtin_shufflevector(v, v, (0 + (n)) % 16, (1 + (n)) % 16, (2 + (n)) % 16, (3 + (n)) % 16,  \
                            (4 + (n)) % 16, (5 + (n)) % 16, (6 + (n)) % 16, (7 + (n)) % 16,        \
                            (8 + (n)) % 16, (9 + (n)) % 16, (10 + (n)) % 16, (11 + (n)) % 16,      \
                            (12 + (n)) % 16, (13 + (n)) % 16, (14 + (n)) % 16, (15 + (n)) % 16)
#define LANES_SUM(out, v)                                                                          \
    do {                                                                                           \
        lanes lanes_sum = (v);                                                                     \
        lanes_sum += LANES_TURNED(lanes_sum, 8);                                                   \
        lanes_sum += LANES_TURNED(lanes_sum, 4);                                                   \
        lanes_sum += LANES_TURNED(lanes_sum, 2);                                                   \
        lanes_sum += LANES_TURNED(lanes_sum, 1);                                                   \
        (out) = lanes_sum[0];                                                                      \
    } while (0)

#endif
