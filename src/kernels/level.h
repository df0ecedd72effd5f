/* The instruction set that a kernel is compiled for. Files that include this are compiled once for
 * each level; the functions they export carry the level's suffix. */
#ifndef TREN_KERNELS_LEVEL_H
#define TREN_KERNELS_LEVEL_H

#include "tren/base.h"

/* VB: bytes of a vector register. */
#if defined(__AVX512F__)
#define TREN_LEVEL_NAME(f) f##_v4
#define VB                 64
#elif defined(__AVX2__) && defined(__FMA__)
#define TREN_LEVEL_NAME(f) f##_v3
#define VB                 32
#elif defined(__aarch64__)
#define TREN_LEVEL_NAME(f) f##_neon
#define VB                 16
#else
#define TREN_LEVEL_NAME(f) f##_v1
#define VB                 16
#define TREN_HAS_FMA       0
#endif
#ifndef TREN_HAS_FMA
#define TREN_HAS_FMA 1
#endif

#endif
