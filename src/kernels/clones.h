/* TREN_KERNEL marks a function that is compiled for several instruction sets and chosen at load
 * time. Bits do not depend on the choice: the project compiles without contraction, and sums have
 * explicit lanes.
 *
 * The levels are named by feature (x86-64-v4: AVX-512 F, BW, CD, DQ, VL; v3: AVX2, FMA), not by
 * CPU: GCC takes arch=skylake-avx512 to mean that very model, and later ones fell back to SSE2 at a
 * quarter of the speed. */
#ifndef TREN_KERNELS_CLONES_H
#define TREN_KERNELS_CLONES_H

#if defined(TREN_CLONES) && defined(__x86_64__) && __GNUC__ >= 12 && !defined(__clang__)
#define TREN_KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TREN_KERNEL
#endif

#endif
