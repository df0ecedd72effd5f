/* For the tests, by LD_PRELOAD: with TREN_TEST_FAIL_ALLOCATION=3 the third allocation while a
 * network is built fails. The program itself knows nothing of it. */
#include "tren/models.h"

#include <dlfcn.h>
#include <stdlib.h>

/* The C library's own: dlsym would allocate. */
void *__libc_calloc(size_t n, size_t size);  /* NOLINT(bugprone-reserved-identifier) */
void *__libc_realloc(void *at, size_t size); /* NOLINT(bugprone-reserved-identifier) */

static int left; /* allocations until one fails; 0: none does */

static bool fails(void) {
    return left > 0 && --left == 0;
}

void *calloc(size_t n, size_t size) {
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *at, size_t size) {
    return fails() ? NULL : __libc_realloc(at, size);
}

/* In place of the library's. */
tren_status tren_model_build(tren_graph **graph, const tren_config *config,
                             const tren_dataset_info *info) {
    tren_status (*build)(tren_graph **, const tren_config *, const tren_dataset_info *) = NULL;
    *(void **)&build = dlsym(RTLD_NEXT, "tren_model_build");
    const char *wish = getenv("TREN_TEST_FAIL_ALLOCATION");
    left = wish ? atoi(wish) : 0;
    tren_status st = build(graph, config, info);
    left = 0;
    return st;
}
