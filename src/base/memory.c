#include "tren/base.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define HUGE_PAGE ((size_t)2 << 20)

/* Rows are visited in random order, and kernels go from channel to channel: with small pages they
 * would walk page tables. */
static void ask_for_huge_pages(void *at, size_t bytes) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE),
              first = ((uintptr_t)at + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)at + bytes) / page * page;
    if (bytes >= HUGE_PAGE && end > first) madvise((void *)first, end - first, MADV_HUGEPAGE);
}

tren_status tren_fail_memory(double bytes, const char *what) {
    struct rlimit space, data;
    bool bounded = getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY;
    bool bounds_data = getrlimit(RLIMIT_DATA, &data) == 0 && data.rlim_cur != RLIM_INFINITY;
    char size[32] = "", limit[128];
    if (bytes > 0) snprintf(size, sizeof size, "%.3g GiB for ", bytes / 0x1p30);
    if (!bounded && !bounds_data)
        return tren_fail(TREN_ERR_INTERNAL,
                         "out of memory: %s%s; use less data or a machine with more memory", size,
                         what);
    snprintf(limit, sizeof limit, "%.0f KiB (ulimit %s)",
             (double)(bounded ? space : data).rlim_cur / 1024, bounded ? "-v" : "-d");
    return tren_fail(
        TREN_ERR_ENV,
        "out of memory: %s%s; use less data, or raise the limit of this process, which "
        "is %s",
        size, what, limit);
}

tren_status tren_arena_open(tren_arena *arena, size_t len) {
    *arena = (tren_arena){0};
    size_t bytes = len * sizeof(real), unit = bytes < HUGE_PAGE ? 64 : HUGE_PAGE;
    bytes = bytes ? (bytes + unit - 1) / unit * unit : unit;
    arena->at = aligned_alloc(unit, bytes);
    if (!arena->at)
        return tren_fail_memory((double)bytes,
                                "weights and activations (make the model or the batch smaller)");
    ask_for_huge_pages(arena->at, bytes);
    memset(arena->at, 0, bytes);
    arena->len = len;
    return TREN_OK;
}

void tren_arena_close(tren_arena *arena) {
    free(arena->at);
    *arena = (tren_arena){0};
}

bool tren_size_mul(size_t *out, size_t a, size_t b) {
    if (!__builtin_mul_overflow(a, b, out)) return true;
    *out = SIZE_MAX;
    return false;
}

tren_status tren_alloc(void *out, size_t count, size_t size, const char *what) {
    void *at = calloc(count ? count : 1, size);
    memcpy(out, &at, sizeof at);
    if (at) {
        ask_for_huge_pages(at, count * size);
        return TREN_OK;
    }
    return tren_fail_memory((double)count * (double)size, what);
}

tren_status tren_resize(void *list, size_t count, size_t size, const char *what) {
    void *old, *at;
    size_t bytes;
    bool fits = tren_size_mul(&bytes, count, size);
    memcpy(&old, list, sizeof old);
    at = fits ? realloc(old, bytes ? bytes : 1) : NULL;
    if (!at) return tren_fail_memory((double)count * (double)size, what);
    memcpy(list, &at, sizeof at);
    return TREN_OK;
}

tren_status tren_grow(void *list, size_t n, size_t *room, size_t size, const char *what) {
    size_t more = *room ? 2 * *room : 64;
    if (n < *room) return TREN_OK;
    TREN_TRY(tren_resize(list, more, size, what));
    *room = more;
    return TREN_OK;
}
