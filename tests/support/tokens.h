/* Networks of tokens that run without a trainer, on the rows of a reference file. */
#ifndef TREN_TESTS_TOKENS_H
#define TREN_TESTS_TOKENS_H

#include "tren/nn.h"

enum { TEST_MAX_ROWS = 16 };

/* Rows of one axis without their padding, one after the other. */
typedef struct test_sequences {
    int rows, tokens;          /* tokens: the most of a row, as in the file */
    int length[TEST_MAX_ROWS]; /* of each row */
    int total;
    double *at; /* [total, width] owned */
    int width;
} test_sequences;

/* Dataset GROUP/NAME [rows, tokens] or [rows, tokens, width]; lengths: a dataset of the group, or
 * NULL: all full. */
void test_sequences_open(test_sequences *s, const char *group, const char *name,
                         const char *lengths, bool tokens);
void test_sequences_close(test_sequences *s);
/* from [rows, tokens, width], padded as in the file, from x of the sequences' tokens; padding 0.
 * The caller frees. */
real *test_padded(const test_sequences *s, const real *x, int width);

/* One worker on all rows, in `shards` shards. */
typedef struct test_token_run {
    tren_graph *graph; /* not owned */
    tren_work *work;
    tren_pass pass;
    int row0[TEST_MAX_ROWS + 1];
    real *node; /* [n_values] the gradient */
} test_token_run;

/* axis [i] NULL: the graph has no such axis. */
void test_token_run_open(test_token_run *run, tren_graph *graph, real *value,
                         const test_sequences *const axis[TREN_AXES], int shards);
void test_token_run_close(test_token_run *run);
/* Input layer i = the sequences' numbers: as token numbers, or as reals. */
void test_token_input(test_token_run *run, int layer, const test_sequences *s);
/* Returns the sum of the losses over the microbatches; *counted: of what. */
double test_token_forward(test_token_run *run, double *counted);

#endif
