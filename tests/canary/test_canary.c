/* Tests that must fail in the sanitizer build, and one that must not: they show that its passing
 * means something. */
#include <criterion/criterion.h>

#include <limits.h>
#include <stdlib.h>

static void *volatile kept;

Test(canary, is_healthy) {
    cr_assert(true);
}

Test(canary, leaks) {
    kept = malloc(1000);
    cr_assert_not_null(kept);
    kept = NULL;
}

Test(canary, reads_past_the_end) {
    volatile size_t end = 8;
    char *bytes = calloc(end, 1);
    cr_assert_not_null(bytes);
    cr_expect(bytes[end] < CHAR_MAX);
    free(bytes);
}

Test(canary, overflows_an_int) {
    volatile int most = INT_MAX;
    cr_expect(most + 1 != 0);
}
