/* Temporary names: each is its maker's alone. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/temporary.h"
#include "support/files.h"

TestSuite(temporary, .init = test_scratch_enter, .fini = test_scratch_leave);

Test(temporary, what_is_there_already_is_not_touched) {
    char first[64], second[64];
    snprintf(first, sizeof first, "a.h5.%ld.tmp", (long)getpid());
    test_write_text(first, "left by another");
    cr_assert_eq(tren_temporary_make(second, sizeof second, "a.h5", TREN_ERR_DATA), TREN_OK);
    cr_assert_str_neq(first, second);
    size_t n;
    free(test_read(first, &n));
    cr_assert_eq(n, 15);
    free(test_read(second, &n));
    cr_assert_eq(n, 0);
}

Test(temporary, a_link_is_not_followed) {
    char first[64], second[64];
    snprintf(first, sizeof first, "a.h5.%ld.tmp", (long)getpid());
    cr_assert_eq(symlink("elsewhere", first), 0);
    cr_assert_eq(tren_temporary_make(second, sizeof second, "a.h5", TREN_ERR_DATA), TREN_OK);
    cr_assert_not(test_exists("elsewhere"));
}

Test(temporary, failures_name_the_file) {
    char name[64];
    test_expect_error(tren_temporary_make(name, sizeof name, "gone/a.h5", TREN_ERR_ENV),
                      TREN_ERR_ENV,
                      "gone/a.h5: cannot create: No such file or directory; check the path");
    test_expect_error(tren_temporary_make(name, 8, "a.h5", TREN_ERR_ENV), TREN_ERR_ENV, "too long");
}
