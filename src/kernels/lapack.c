/* Least squares of smallest norm by the eigenvectors of a Gram matrix, in double whatever `real`
 * is. LAPACK comes with OpenBLAS; its Fortran symbol is called directly, since LAPACKE would be one
 * package more for one function. */
#include "tren/kernels.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTNEXTLINE(readability-identifier-naming, readability-function-size) */
extern void dsyevd_(const char *job, const char *triangle, const int *n, double *a, const int *lda,
                    double *w, double *work, const int *n_work, int *iwork, const int *n_iwork,
                    int *info, size_t job_length, size_t triangle_length);

void tren_dgemm(double *c, const double *a, const double *b, tren_gemm_shape s, double alpha,
                double beta) {
    int lda = s.lda ? s.lda : (s.ta ? s.m : s.k), ldb = s.ldb ? s.ldb : (s.tb ? s.k : s.n);
    cblas_dgemm(CblasRowMajor, s.ta ? CblasTrans : CblasNoTrans, s.tb ? CblasTrans : CblasNoTrans,
                s.m, s.n, s.k, alpha, a, lda, b, ldb, beta, c, s.ldc ? s.ldc : s.n);
}

/* Eigenvalues, ascending, and the vectors in the rows of a. */
static tren_status decompose(double *a, double *w, int n) {
    int n_work = 1 + 6 * n + 2 * n * n, n_iwork = 3 + 5 * n, info = 0;
    double *work = NULL;
    int *iwork = NULL;
    tren_status st = tren_alloc(&work, (size_t)n_work, sizeof *work, "an eigen-decomposition");
    if (st == TREN_OK)
        st = tren_alloc(&iwork, (size_t)n_iwork, sizeof *iwork, "an eigen-decomposition");
    if (st == TREN_OK) dsyevd_("V", "U", &n, a, &n, w, work, &n_work, iwork, &n_iwork, &info, 1, 1);
    if (st == TREN_OK && info != 0)
        st = tren_fail(TREN_ERR_INTERNAL, "the eigen-decomposition of a %d x %d matrix failed", n,
                       n);
    free(work);
    free(iwork);
    return st;
}

tren_status tren_symmetric_solve(double *x, double *a, const double *b, int n, int columns,
                                 double cutoff) {
    double *w = NULL, *c = NULL;
    tren_status st = TREN_OK;
    TREN_GOTO(tren_alloc(&w, (size_t)n, sizeof *w, "a least-squares problem"));
    TREN_GOTO(tren_alloc(&c, (size_t)n * columns, sizeof *c, "a least-squares problem"));
    TREN_GOTO(decompose(a, w, n));
    tren_dgemm(c, a, b, (tren_gemm_shape){.m = n, .n = columns, .k = n}, 1, 0);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < columns; j++) {
            double *at = &c[(size_t)i * columns + j];
            *at = w[i] > cutoff * w[n - 1] ? *at / w[i] : 0;
        }
    tren_dgemm(x, a, c, (tren_gemm_shape){.m = n, .n = columns, .k = n, .ta = true}, 1, 0);
done:
    free(w);
    free(c);
    return st;
}
