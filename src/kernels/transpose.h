/* Private to kernels: a square of VL vectors is transposed, in two steps of shuffles that every
 * instruction set has: within the 16-byte parts of the registers, then of these parts. */
#ifndef TREN_KERNELS_TRANSPOSE_H
#define TREN_KERNELS_TRANSPOSE_H

#include "kernels/level.h"

/* Elements of a part, and parts of a register. */
enum { QUAD = 16 / sizeof(real), QUADS = VL / QUAD };

/* Lists of lanes for shuffles of two registers, whose lanes count from 0 and from VL. */
#define LANES_2(f, l)  f(l), f((l) + 1)
#define LANES_4(f, l)  LANES_2(f, l), LANES_2(f, (l) + 2)
#define LANES_8(f, l)  LANES_4(f, l), LANES_4(f, (l) + 4)
#define LANES_16(f, l) LANES_8(f, l), LANES_8(f, (l) + 8)
#ifdef TREN_DOUBLE
#define LANES_64(f) LANES_8(f, 0)
#define LANES_32(f) LANES_4(f, 0)
#else
#define LANES_64(f) LANES_16(f, 0)
#define LANES_32(f) LANES_8(f, 0)
#endif
#if TREN_LEVEL_VB == 64
#define SHUFFLE(a, b, f) __builtin_shufflevector(a, b, LANES_64(f))
#elif TREN_LEVEL_VB == 32
#define SHUFFLE(a, b, f) __builtin_shufflevector(a, b, LANES_32(f))
#elif defined(TREN_DOUBLE)
#define SHUFFLE(a, b, f) __builtin_shufflevector(a, b, LANES_2(f, 0))
#else
#define SHUFFLE(a, b, f) __builtin_shufflevector(a, b, LANES_4(f, 0))
#endif

/* Of each part: a0 b0 a1 b1, a2 b2 a3 b3; in pairs of elements a0 a1 b0 b1, a2 a3 b2 b3. */
#define PART_OF(l)  ((l) / QUAD * QUAD)
#define LOWS(l)     (PART_OF(l) + (l) % QUAD / 2 + (l) % 2 * VL)
#define HIGHS(l)    (LOWS(l) + QUAD / 2)
#define LOW_TWO(l)  (PART_OF(l) + (l) % 2 + (l) % QUAD / 2 * VL)
#define HIGH_TWO(l) (LOW_TWO(l) + 2)
/* Of parts: the first half of a, then of b, the second halves, the even parts, the odd ones. */
#define FIRST_HALF(l)  ((l) % (VL / 2) + (l) / (VL / 2) * VL)
#define SECOND_HALF(l) (FIRST_HALF(l) + VL / 2)
#define EVENS(l)       (PART_OF((l) % (VL / 2)) * 2 + (l) % QUAD + (l) / (VL / 2) * VL)
#define ODDS(l)        (EVENS(l) + QUAD)

/* x, QUAD vectors: each part of 16 bytes is transposed with its neighbours in the other vectors. */
ALWAYS_INLINE void transpose_parts(vec x[QUAD]) {
#ifdef TREN_DOUBLE
    vec low = SHUFFLE(x[0], x[1], LOWS), high = SHUFFLE(x[0], x[1], HIGHS);
    x[0] = low;
    x[1] = high;
#else
    vec a = SHUFFLE(x[0], x[1], LOWS), b = SHUFFLE(x[2], x[3], LOWS);
    vec c = SHUFFLE(x[0], x[1], HIGHS), d = SHUFFLE(x[2], x[3], HIGHS);
    x[0] = SHUFFLE(a, b, LOW_TWO);
    x[1] = SHUFFLE(a, b, HIGH_TWO);
    x[2] = SHUFFLE(c, d, LOW_TWO);
    x[3] = SHUFFLE(c, d, HIGH_TWO);
#endif
}

/* x, vectors QUAD apart: part p of vector q becomes part q of vector p. */
ALWAYS_INLINE void exchange_parts(vec *x) {
#if TREN_LEVEL_VB == 64
    vec a = SHUFFLE(x[0], x[QUAD], FIRST_HALF), b = SHUFFLE(x[2 * QUAD], x[3 * QUAD], FIRST_HALF);
    vec c = SHUFFLE(x[0], x[QUAD], SECOND_HALF), d = SHUFFLE(x[2 * QUAD], x[3 * QUAD], SECOND_HALF);
    x[0] = SHUFFLE(a, b, EVENS);
    x[QUAD] = SHUFFLE(a, b, ODDS);
    x[2 * QUAD] = SHUFFLE(c, d, EVENS);
    x[3 * QUAD] = SHUFFLE(c, d, ODDS);
#elif TREN_LEVEL_VB == 32
    vec low = SHUFFLE(x[0], x[QUAD], FIRST_HALF), high = SHUFFLE(x[0], x[QUAD], SECOND_HALF);
    x[0] = low;
    x[QUAD] = high;
#else
    (void)x;
#endif
}

/* x, VL vectors, is transposed in place. */
ALWAYS_INLINE void transpose(vec x[VL]) {
    for (int q = 0; q < VL; q += QUAD) transpose_parts(x + q);
    for (int i = 0; i < QUAD; i++) exchange_parts(x + i);
}

#endif
