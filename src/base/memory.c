#include "tren/base.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

tren_status tren_arena_open(tren_arena *arena, size_t len) {
    *arena = (tren_arena){0};
    size_t bytes = len * sizeof(real), unit = bytes < HUGE_PAGE ? 64 : HUGE_PAGE;
    bytes = bytes ? (bytes + unit - 1) / unit * unit : unit;
    arena->at = aligned_alloc(unit, bytes);
    if (!arena->at)
        return tren_fail(TREN_ERR_INTERNAL,
                         "out of memory: %.3g GiB for weights and activations; make the model or "
                         "the batch smaller, or find a machine with more memory",
                         (double)bytes / 0x1p30);
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
    return tren_fail(TREN_ERR_INTERNAL,
                     "out of memory: %.3g GiB for %s; use less data or a machine with more memory",
                     (double)count * (double)size / 0x1p30, what);
}
