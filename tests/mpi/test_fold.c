/* The laboratory's sums: one bit pattern whatever the ranks. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "lab/least_squares.h"
#include "support/mpi.h"

enum { N = 1000 };

static void fill(void *ctx, double *out, int shard) {
    (void)ctx;
    for (int i = 0; i < N; i++) out[i] = sin(1.7 * i + 13.1 * shard) * pow(10, (i + shard) % 7);
}

static void expected(double *sum, tren_node node) {
    if (node.b - node.a == 1) {
        fill(NULL, sum, node.a);
        return;
    }
    double right[N];
    expected(sum, (tren_node){node.a, tren_node_mid(node)});
    expected(right, (tren_node){tren_node_mid(node), node.b});
    for (int i = 0; i < N; i++) sum[i] += right[i];
}

TestSuite(fold, .init = test_comm_open, .fini = test_comm_close);

Test(fold, has_the_bits_of_the_tree_on_any_number_of_ranks) {
    double sum[N], want[N];
    cr_assert_eq(lab_fold(sum, N, &test_comm, fill, NULL), TREN_OK, "%s", tren_error_text());
    expected(want, (tren_node){0, LAB_SHARDS});
    cr_assert_eq(memcmp(sum, want, sizeof sum), 0);
    test_comm_passed();
}
