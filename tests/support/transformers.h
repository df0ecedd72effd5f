/* Transformers of the reference file: their networks, and the names that its parameters have. */
#ifndef TREN_TESTS_TRANSFORMERS_H
#define TREN_TESTS_TRANSFORMERS_H

#include "tren/data.h"
#include "tren/nn.h"

/* Norm-wise. */
#ifdef TREN_DOUBLE
#define test_allowed 1e-11
#else
#define test_allowed 1e-5
#endif

/* The datasets of each parameter of a graph, in order; those of one parameter are joined by blanks
 * and lie one after the other in it. */
typedef struct test_naming {
    char name[80][200];
    int n;
} test_naming;

/* One more, of printf's format with the prefix in up to three places. */
void test_add_name(test_naming *names, const char *format, const char *prefix);
/* Of gpt, and of layers like its own with an untied head of that name (NULL: none). */
void test_name_pre_norm(test_naming *names, const char *head);
void test_name_seq2seq(test_naming *names);

/* Each dataset of parameter i, which lies at `off` in the values: calls act(where it lies in them,
 * group, its name, its size). */
void test_each_part(const test_naming *names, int i, size_t off, const char *group,
                    const char *kind,
                    void (*act)(void *at, const char *group, const char *path, size_t n),
                    real *values);
/* The values of all parameters; the caller frees. */
real *test_named_values(const tren_graph *g, const test_naming *names, const char *group,
                        const char *kind);
/* at [n] beside a dataset; and all values. The gradient of k_proj.bias is zero in exact arithmetic.
 */
void test_compare(void *at, const char *group, const char *path, size_t n);
void test_compare_all(const tren_graph *g, const test_naming *names, const char *group,
                      const char *kind, real *values);

/* gpt, encoder or seq2seq of the file's sizes. */
tren_graph *test_transformer(const char *model, tren_dataset_info info, double smoothing);
tren_dataset_info test_text_info(int vocabulary, int source, int target, int label_axis);

#endif
