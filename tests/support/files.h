/* Scratch folders, small files, and sources by name, for tests of data. */
#ifndef TREN_TESTS_FILES_H
#define TREN_TESTS_FILES_H

#include "data/source.h"

/* Makes a fresh folder and enters it; removes it again. For .init and .fini. */
void test_scratch_enter(void);
void test_scratch_leave(void);

void test_write(const char *path, const void *bytes, size_t n);
void test_write_text(const char *path, const char *text);
void test_write_gz(const char *path, const void *bytes, size_t n);
/* The whole file; *n its size. The caller frees. */
unsigned char *test_read(const char *path, size_t *n);
bool test_exists(const char *path);
size_t test_count(const char *pattern); /* of files, as the shell matches them */

/* An IDX file with these dimensions; raw elements as they stand in the file. */
void test_write_idx(const char *path, int code, int rank, const uint32_t *dim, const void *raw,
                    size_t n);

/* Reads a source: option names and values in turn, NULL at the end; "FILE" is the positional one.
 */
tren_status test_import(tren_source *source, const tren_source_kind *kind,
                        const char *const *option);

/* Fails the test unless `st` is `expected` and the error text has `part` in it. */
void test_expect_error(tren_status st, tren_status expected, const char *part);

/* n rows of `width` u8, all different, labels row % n_classes. */
void test_make_source(tren_source *source, size_t n, size_t n_test, int width, int n_classes);

#endif
