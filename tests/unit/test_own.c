/* Files that are opened to be written: never another one than that of the name. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "base/temporary.h"
#include "support/files.h"
#include "tren/io.h"

TestSuite(own, .init = test_scratch_enter, .fini = test_scratch_leave);

static const tren_own_mode modes[] = {TREN_OWN_NEW, TREN_OWN_REPLACE, TREN_OWN_APPEND,
                                      TREN_OWN_KEEP};

static void expect_text(const char *path, const char *text) {
    size_t n;
    unsigned char *bytes = test_read(path, &n);
    cr_expect(n == strlen(text) && memcmp(bytes, text, n) == 0, "%s: %.*s", path, (int)n,
              (char *)bytes);
    free(bytes);
}

static void expect_refused(const char *path, const char *part) {
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        const char *why = NULL;
        cr_assert_eq(tren_own_open(path, modes[i], &why), -1, "mode %d", (int)modes[i]);
        cr_expect_not_null(strstr(why, modes[i] == TREN_OWN_NEW ? "File exists" : part), "%s", why);
        cr_assert_null(tren_own_fopen(path, modes[i], &why));
    }
}

Test(own, links_pipes_and_folders_are_refused_and_untouched) {
    test_write_text("victim", "precious");
    cr_assert_eq(symlink("victim", "link"), 0);
    cr_assert_eq(symlink("nowhere", "dangling"), 0);
    cr_assert_eq(link("victim", "second"), 0);
    cr_assert_eq(mkfifo("pipe", 0666), 0);
    cr_assert_eq(mkdir("folder", 0777), 0);
    expect_refused("link", "is a symbolic link");
    expect_refused("dangling", "is a symbolic link");
    expect_refused("second", "has a second name");
    expect_refused("pipe", "is a pipe or a device"); /* and does not hang */
    expect_refused("folder", "is a folder");
    expect_text("victim", "precious");
    cr_assert_not(test_exists("nowhere"));
}

Test(own, each_mode_does_what_it_says) {
    static const char *const after[] = {NULL, "new", "oldnew", "new"};
    for (size_t i = 1; i < sizeof modes / sizeof *modes; i++) {
        const char *why;
        test_write_text("file", "old");
        FILE *file = tren_own_fopen("file", modes[i], &why);
        cr_assert_not_null(file, "%s", why);
        fputs("new", file);
        fclose(file);
        expect_text("file", after[i]);
        unlink("file");
        file = tren_own_fopen("file", modes[i], &why);
        cr_assert_not_null(file, "%s", why);
        fclose(file);
    }
}

Test(own, hdf5_files_are_created_through_no_link) {
    tren_h5 *file;
    test_write_text("victim", "precious");
    cr_assert_eq(symlink("victim", "a.h5"), 0);
    test_expect_error(tren_h5_create(&file, "a.h5", TREN_ERR_DATA), TREN_ERR_DATA,
                      "a.h5: cannot create: it is a symbolic link");
    expect_text("victim", "precious");
    cr_assert_eq(tren_h5_create(&file, "b.h5", TREN_ERR_DATA), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(tren_h5_finish(file), TREN_OK, "%s", tren_error_text());
    cr_assert_eq(tren_h5_open(&file, "b.h5", TREN_ERR_DATA), TREN_OK, "%s", tren_error_text());
    tren_h5_close(file);
}

Test(own, a_name_that_is_taken_over_is_made_anew) {
    char name[64];
    test_write_text("victim", "precious");
    cr_assert_eq(symlink("victim", "a.yaml.tmp"), 0);
    cr_assert_eq(tren_temporary_take(name, sizeof name, "a.yaml", TREN_ERR_ENV), TREN_OK);
    cr_assert_str_eq(name, "a.yaml.tmp");
    expect_text("victim", "precious");
    expect_text("a.yaml.tmp", "");
    unlink("a.yaml.tmp");
    cr_assert_eq(mkdir("a.yaml.tmp", 0777), 0);
    test_expect_error(tren_temporary_take(name, sizeof name, "a.yaml", TREN_ERR_ENV), TREN_ERR_ENV,
                      "a.yaml.tmp: cannot create: File exists");
    test_expect_error(tren_temporary_take(name, 8, "a.yaml", TREN_ERR_ENV), TREN_ERR_ENV,
                      "too long");
}
