#include "tren/base.h"

static int nodes_within(tren_node *out, int count, tren_node x, int lo, int hi) {
    if (x.b <= lo || hi <= x.a) return count;
    if (lo <= x.a && x.b <= hi) {
        if (out) out[count] = x;
        return count + 1;
    }
    int mid = tren_node_mid(x);
    count = nodes_within(out, count, (tren_node){x.a, mid}, lo, hi);
    return nodes_within(out, count, (tren_node){mid, x.b}, lo, hi);
}

int tren_tree_nodes(tren_node *out, int n, int lo, int hi) {
    return n > 0 ? nodes_within(out, 0, (tren_node){0, n}, lo, hi) : 0;
}

static int *program(int *step, tren_node x) {
    if (x.b - x.a == 1) {
        *step++ = x.a;
        return step;
    }
    int mid = tren_node_mid(x);
    step = program(step, (tren_node){x.a, mid});
    step = program(step, (tren_node){mid, x.b});
    *step++ = TREN_FOLD;
    return step;
}

void tren_tree_program(int *step, tren_node node) {
    program(step, node);
}

static double sum(const double *leaf, tren_node x) {
    if (x.b - x.a == 1) return leaf[x.a];
    int mid = tren_node_mid(x);
    return sum(leaf, (tren_node){x.a, mid}) + sum(leaf, (tren_node){mid, x.b});
}

double tren_tree_sum(const double *leaf, int n) {
    return n > 0 ? sum(leaf, (tren_node){0, n}) : 0.0;
}
