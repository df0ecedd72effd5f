/* The values of the files in tests/reference, which were computed elsewhere, in float64. */
#ifndef TREN_TESTS_REFERENCE_H
#define TREN_TESTS_REFERENCE_H

#include "tren/base.h"

/* What is allowed as max |a - b| / max |b|. */
#ifdef TREN_DOUBLE
#define TEST_REFERENCE_ERROR 1e-12
#else
#define TEST_REFERENCE_ERROR 1e-6
#endif

typedef struct test_values {
    double *at; /* owned */
    size_t n;
    int dim[2];       /* the first, and the product of the others */
    tren_shape shape; /* of one row, of an array [n, c, h, w] */
} test_values;

/* Dataset GROUP/NAME. The caller frees `at`. */
test_values test_reference(const char *group, const char *name);
/* The same, rounded to `real`. The caller frees. */
real *test_reference_real(const char *group, const char *name);
int32_t *test_reference_labels(const char *group, const char *name);

/* max |a - b| / max |b| */
double test_error(const real *a, const double *b, size_t n);
/* Fails the test unless a [n] agrees with the dataset to TEST_REFERENCE_ERROR; says the error found
 * when TREN_TEST_VERBOSE is set. */
void test_agrees(const real *a, const char *group, const char *name);
/* The same with an error allowed of its own. */
void test_agrees_within(const real *a, const char *group, const char *name, double allowed);

#endif
