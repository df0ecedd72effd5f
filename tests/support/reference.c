#include "support/reference.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "tren/io.h"

/* The file that has the dataset. */
static tren_h5 *open_file(const char *dataset) {
    static const char *const name[] = {TREN_TEST_DIR "/reference/reference.h5",
                                       TREN_TEST_DIR "/reference/reference_tokens.h5",
                                       TREN_TEST_DIR "/reference/reference_layers.h5"};
    tren_h5 *file = NULL;
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(tren_h5_open(&file, name[i], TREN_ERR_DATA), TREN_OK, "%s", tren_error_text());
        if (tren_h5_has(file, dataset)) return file;
        tren_h5_close(file);
    }
    cr_assert_fail("no file has %s", dataset);
    return NULL;
}

test_values test_reference(const char *group, const char *name) {
    char path[128];
    snprintf(path, sizeof path, "/%s/%s", group, name);
    tren_h5_shape shape;
    tren_type type;
    tren_h5 *file = open_file(path);
    cr_assert_eq(tren_h5_info(file, path, &shape, &type), TREN_OK, "%s", tren_error_text());
    test_values v = {.n = 1, .dim = {1, 1}};
    for (int i = 0; i < shape.rank; i++) {
        v.n *= shape.dim[i];
        v.dim[i > 0] *= (int)shape.dim[i];
    }
    if (shape.rank == 2) v.shape = (tren_shape){(int)shape.dim[1], 1, 1};
    if (shape.rank == 4)
        v.shape = (tren_shape){(int)shape.dim[1], (int)shape.dim[2], (int)shape.dim[3]};
    v.at = calloc(v.n, sizeof *v.at);
    cr_assert_eq(tren_h5_read(file, path, v.n, TREN_F64, v.at), TREN_OK, "%s", tren_error_text());
    tren_h5_close(file);
    return v;
}

real *test_reference_real(const char *group, const char *name) {
    test_values v = test_reference(group, name);
    real *x = calloc(v.n, sizeof *x);
    for (size_t i = 0; i < v.n; i++) x[i] = (real)v.at[i];
    free(v.at);
    return x;
}

int32_t *test_reference_labels(const char *group, const char *name) {
    test_values v = test_reference(group, name);
    int32_t *label = calloc(v.n, sizeof *label);
    for (size_t i = 0; i < v.n; i++) label[i] = (int32_t)v.at[i];
    free(v.at);
    return label;
}

double test_error(const real *a, const double *b, size_t n) {
    double worst = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        double off = fabs((double)a[i] - b[i]);
        if (!(off <= worst)) worst = off; /* NaN counts */
        if (fabs(b[i]) > size) size = fabs(b[i]);
    }
    return worst / size;
}

void test_agrees_within(const real *a, const char *group, const char *name, double allowed) {
    test_values b = test_reference(group, name);
    double error = test_error(a, b.at, b.n);
    if (getenv("TREN_TEST_VERBOSE"))
        fprintf(stderr, "%s/%s (%s): %.2e\n", group, name, TREN_REAL_NAME, error);
    cr_expect(error <= allowed, "%s/%s is off by %.3g, %.3g is allowed", group, name, error,
              allowed);
    free(b.at);
}

void test_agrees(const real *a, const char *group, const char *name) {
    test_agrees_within(a, group, name, TEST_REFERENCE_ERROR);
}
