#include "tren/kernels.h"

#include <cblas.h>
#include <string.h>

const char *tren_blas_core(void) { return openblas_get_corename(); }

const char *tren_blas_core_wanted(void) {
#if defined(__x86_64__) && defined(__GNUC__)
    if (strcmp(openblas_get_corename(), "Prescott") != 0) return NULL;
    if (__builtin_cpu_supports("avx512f")) return "SkylakeX";
    if (__builtin_cpu_supports("avx2")) return "Haswell";
#endif
    return NULL;
}

void tren_blas_threads(int n) { openblas_set_num_threads(n); }

void tren_gemm(real *c, const real *a, const real *b, tren_gemm_shape s, real alpha, real beta) {
    enum CBLAS_TRANSPOSE ta = s.ta ? CblasTrans : CblasNoTrans;
    enum CBLAS_TRANSPOSE tb = s.tb ? CblasTrans : CblasNoTrans;
    int lda = s.ta ? s.m : s.k, ldb = s.tb ? s.k : s.n;
#ifdef TREN_DOUBLE
    cblas_dgemm(CblasRowMajor, ta, tb, s.m, s.n, s.k, alpha, a, lda, b, ldb, beta, c, s.n);
#else
    cblas_sgemm(CblasRowMajor, ta, tb, s.m, s.n, s.k, alpha, a, lda, b, ldb, beta, c, s.n);
#endif
}
