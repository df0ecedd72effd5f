#include "support/files.h"
#include <criterion/criterion.h>
#include <ftw.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static char scratch[64];

void test_scratch_enter(void) {
    strcpy(scratch, "/tmp/tren-test-XXXXXX");
    cr_assert_not_null(mkdtemp(scratch));
    cr_assert_eq(chdir(scratch), 0);
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *at) {
    (void)about, (void)type, (void)at;
    return remove(path);
}

void test_scratch_leave(void) {
    cr_assert_eq(chdir("/"), 0);
    nftw(scratch, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void test_write(const char *path, const void *bytes, size_t n) {
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, n, file), n);
    cr_assert_eq(fclose(file), 0);
}

void test_write_text(const char *path, const char *text) {
    test_write(path, text, strlen(text));
}

void test_write_gz(const char *path, const void *bytes, size_t n) {
    gzFile file = gzopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(gzwrite(file, bytes, (unsigned)n), (int)n);
    cr_assert_eq(gzclose(file), Z_OK);
}

unsigned char *test_read(const char *path, size_t *n) {
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    fseek(file, 0, SEEK_END);
    *n = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*n + 1);
    cr_assert_eq(fread(bytes, 1, *n, file), *n);
    fclose(file);
    return bytes;
}

bool test_exists(const char *path) {
    return access(path, F_OK) == 0;
}

size_t test_count(const char *pattern) {
    glob_t found;
    size_t n = glob(pattern, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
    globfree(&found);
    return n;
}

void test_write_idx(const char *path, int code, int rank, const uint32_t *dim, const void *raw,
                    size_t n) {
    unsigned char *bytes = malloc(4 + 4 * (size_t)rank + n), *at = bytes;
    const unsigned char magic[4] = {0, 0, (unsigned char)code, (unsigned char)rank};
    memcpy(at, magic, 4);
    at += 4;
    for (int i = 0; i < rank; i++)
        for (int k = 3; k >= 0; k--) *at++ = (unsigned char)(dim[i] >> 8 * k);
    memcpy(at, raw, n);
    test_write(path, bytes, 4 + 4 * (size_t)rank + n);
    free(bytes);
}

/* ---- sources --------------------------------------------------------------------------------- */

static void set_default(char *settings, const tren_setting *s) {
    if (s->type == TREN_SETTING_TEXT) *(const char **)(void *)(settings + s->at) = s->fallback.text;
    if (s->type == TREN_SETTING_REAL) memcpy(settings + s->at, &s->fallback.number, sizeof(double));
    if (s->type == TREN_SETTING_INT || s->type == TREN_SETTING_CHOICE)
        memcpy(settings + s->at, &s->fallback.integer, sizeof(int));
}

static void set_value(char *settings, const tren_setting *s, const char *value) {
    void *at = settings + s->at;
    switch (s->type) {
    case TREN_SETTING_FLAG:
        *(bool *)at = true;
        break;
    case TREN_SETTING_TEXT:
        *(const char **)at = value;
        break;
    case TREN_SETTING_TEXTS:
        ((tren_texts *)at)->at[((tren_texts *)at)->n++] = value;
        break;
    case TREN_SETTING_INT:
        *(int *)at = atoi(value);
        break;
    case TREN_SETTING_REAL:
        *(double *)at = atof(value);
        break;
    case TREN_SETTING_CHOICE:
        *(int *)at = 0;
        while (strcmp(s->choices[*(int *)at], value) != 0) ++*(int *)at;
    }
}

tren_status test_import(tren_source *source, const tren_source_kind *kind,
                        const char *const *option) {
    *source = (tren_source){0};
    char *settings = calloc(1, kind->settings_size);
    for (size_t i = 0; i < kind->n_settings; i++) set_default(settings, &kind->setting[i]);
    for (; *option; option += 2) {
        size_t i = 0;
        while (i < kind->n_settings && strcmp(kind->setting[i].name, option[0]) != 0) i++;
        cr_assert_lt(i, kind->n_settings, "no setting %s", option[0]);
        set_value(settings, &kind->setting[i], option[1]);
    }
    tren_status st = kind->read(source, settings, 1);
    free(settings);
    return st;
}

void test_expect_error(tren_status st, tren_status expected, const char *part) {
    cr_assert_eq(st, expected, "status %d, expected %d with \"%s\"; the last error was \"%s\"",
                 (int)st, (int)expected, part, tren_error_text());
    cr_assert_not_null(strstr(tren_error_text(), part), "\"%s\" lacks \"%s\"", tren_error_text(),
                       part);
}

void test_make_source(tren_source *source, size_t n, size_t n_test, int width, int n_classes) {
    size_t rows = n + n_test;
    *source = (tren_source){.n = n,
                            .n_test = n_test,
                            .shape = {width, 1, 1},
                            .n_classes = n_classes,
                            .n_targets = 1,
                            .x_type = TREN_U8,
                            .y_type = TREN_U8,
                            .digest = 7,
                            .origin = "made by a test"};
    uint8_t *x = calloc(rows * (size_t)width, 1), *y = calloc(rows, 1);
    for (size_t i = 0; i < rows; i++) {
        for (int k = 0; k < width; k++)
            x[i * (size_t)width + (size_t)k] = (uint8_t)(i >> 8 * (k % 4));
        y[i] = (uint8_t)(i % (size_t)n_classes);
    }
    source->x = x;
    source->y = y;
}
