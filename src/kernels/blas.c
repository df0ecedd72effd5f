#include "tren/kernels.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The buffer is 128 MiB where OpenBLAS was built for large caches. Products smaller than TRIAL^3
 * may do without. */
enum { TRIAL = 128, BLAS_BYTES = 160 << 20 };

const char *tren_blas_core(void) {
    return openblas_get_corename();
}

/* The library without the core type, which may be lowered: see tren_blas_lowest_core. */
void tren_blas_version(char *text, size_t n) {
    const char *core = openblas_get_corename();
    snprintf(text, n, "%s", openblas_get_config());
    char *at = strstr(text, core);
    if (at && core[0]) memmove(at, at + strlen(core), strlen(at + strlen(core)) + 1);
}

const char *tren_blas_core_wanted(void) {
#if defined(__x86_64__) && defined(__GNUC__)
    if (strcmp(openblas_get_corename(), "Prescott") != 0) return NULL;
    if (__builtin_cpu_supports("avx512f")) return "SkylakeX";
    if (__builtin_cpu_supports("avx2")) return "Haswell";
#endif
    return NULL;
}

/* Of OpenBLAS built with DYNAMIC_ARCH: what its constructor and destructor call. */
extern void gotoblas_dynamic_init(void) __attribute__((weak));
extern void gotoblas_dynamic_quit(void) __attribute__((weak));

tren_status tren_blas_use_core(const char *core) {
    if (strcmp(openblas_get_corename(), core) == 0) return TREN_OK;
    if (gotoblas_dynamic_init && gotoblas_dynamic_quit) {
        setenv("OPENBLAS_CORETYPE", core, 1); /* where it looks */
        gotoblas_dynamic_quit();
        gotoblas_dynamic_init();
    }
    if (strcmp(openblas_get_corename(), core) == 0) return TREN_OK;
    return tren_fail(TREN_ERR_ENV,
                     "OpenBLAS runs with core type %s here and cannot change to %s; set "
                     "OPENBLAS_CORETYPE=%s on all "
                     "ranks (mpirun -x OPENBLAS_CORETYPE=%s ...)",
                     openblas_get_corename(), core, core, core);
}

/* Ascending: the CPU of each can run the kernels of those before it. */
static const char *const cores[] = {"Prescott",    "Core2",         "Penryn", "Nehalem",
                                    "Sandybridge", "Haswell",       "Zen",    "SkylakeX",
                                    "Cooperlake",  "SapphireRapids"};

static int rank_of(const char *core) {
    for (int i = 0; i < (int)(sizeof cores / sizeof *cores); i++)
        if (strcmp(cores[i], core) == 0) return i;
    return -1;
}

const char *tren_blas_lowest_core(const char *const *core, int n) {
    int lowest = rank_of(core[0]);
    for (int i = 1; i < n && lowest >= 0; i++) {
        int rank = rank_of(core[i]);
        if (rank < lowest) lowest = rank;
    }
    if (lowest < 0) return NULL;
    return strcmp(cores[lowest], "Zen") == 0 ? "Haswell"
                                             : cores[lowest]; /* the kernels of Zen, for all */
}

void tren_blas_threads(int n) {
    openblas_set_num_threads(n);
}

void tren_gemm(real *c, const real *a, const real *b, tren_gemm_shape s, real alpha, real beta) {
    enum CBLAS_TRANSPOSE ta = s.ta ? CblasTrans : CblasNoTrans;
    enum CBLAS_TRANSPOSE tb = s.tb ? CblasTrans : CblasNoTrans;
    int lda = s.lda ? s.lda : (s.ta ? s.m : s.k), ldb = s.ldb ? s.ldb : (s.tb ? s.k : s.n);
    int ldc = s.ldc ? s.ldc : s.n;
#ifdef TREN_DOUBLE
    cblas_dgemm(CblasRowMajor, ta, tb, s.m, s.n, s.k, alpha, a, lda, b, ldb, beta, c, ldc);
#else
    cblas_sgemm(CblasRowMajor, ta, tb, s.m, s.n, s.k, alpha, a, lda, b, ldb, beta, c, ldc);
#endif
}

tren_status tren_blas_reserve(void) {
    real *room = NULL;
    void *trial = mmap(NULL, BLAS_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (trial == MAP_FAILED) return tren_fail_memory(BLAS_BYTES, "the buffer of OpenBLAS");
    munmap(trial, BLAS_BYTES);
    TREN_TRY(tren_alloc(&room, 3 * TRIAL * TRIAL, sizeof *room, "a trial of OpenBLAS"));
    int n_threads = openblas_get_num_threads();
    openblas_set_num_threads(1);
    tren_gemm(room, room + TRIAL * TRIAL, room + 2 * TRIAL * TRIAL,
              (tren_gemm_shape){.m = TRIAL, .n = TRIAL, .k = TRIAL}, 1, 0);
    openblas_set_num_threads(n_threads);
    free(room);
    return TREN_OK;
}
