/* TREN_KERNEL marks a function that is compiled for several instruction sets and chosen at load time. Bits do not
 * depend on the choice: the project compiles without contraction, and sums have explicit lanes. */
#ifndef TREN_KERNELS_CLONES_H
#define TREN_KERNELS_CLONES_H

#if defined(TREN_CLONES) && defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define TREN_KERNEL __attribute__((target_clones("arch=skylake-avx512", "arch=haswell", "default")))
#else
#define TREN_KERNEL
#endif

#endif
