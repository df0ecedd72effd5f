/* Folding the gradients of my microbatches along the canonical tree, one parameter at a time, so that a partial sum
 * is at most the size of one parameter. */
#include "nn/work.h"

#include <string.h>

static real *slot(const tren_work *w, int node, int depth, size_t off) {
    return depth == 0 ? w->spec.node[node] + off : w->fold.at + (size_t)(depth - 1) * w->fold_len;
}

/* A microbatch without rows contributes zeros, added like any others: skipping them would keep a -0. */
static void empty_leaf(real *dst, size_t n, bool accumulate) {
    if (!accumulate) {
        memset(dst, 0, n * sizeof *dst);
        return;
    }
    for (size_t i = 0; i < n; i++) dst[i] += 0;
}

void tren_fold_param(const tren_layer *layer, tren_work *w, const tren_pass *pass, int i, tren_leaf_fn leaf,
                     bool may_accumulate) {
    tren_span at = w->graph->param[layer->param + i].at;
    for (int k = 0; k < w->n_nodes; k++) {
        const tren_fold_node *fold = &w->fold_node[k];
        int depth = 0;
        for (int s = 0; s < fold->n_steps; s++) {
            if (fold->step[s] == TREN_FOLD) {
                depth--;
                tren_add(slot(w, k, depth - 1, at.off), slot(w, k, depth, at.off), at.len);
                continue;
            }
            int g = fold->step[s];
            bool empty = pass->row0[g] == pass->row0[g + 1];
            bool onto = depth > 0 && fold->step[s + 1] == TREN_FOLD && (may_accumulate || empty);
            real *dst = slot(w, k, onto ? depth - 1 : depth, at.off);
            if (empty)
                empty_leaf(dst, at.len, onto);
            else
                leaf(layer, w, pass, dst, g, onto);
            if (onto)
                s++;
            else
                depth++;
        }
    }
}

void tren_work_fold(tren_work *w, size_t off, const real *leaf, int n) {
    enum { MOST = 16, DEPTH = 40 };
    real stack[DEPTH][MOST];
    for (int k = 0; k < w->n_nodes; k++) {
        int depth = 0;
        for (int s = 0; s < w->fold_node[k].n_steps; s++) {
            int g = w->fold_node[k].step[s];
            if (g == TREN_FOLD) {
                depth--;
                for (int i = 0; i < n; i++) stack[depth - 1][i] += stack[depth][i];
            } else {
                memcpy(stack[depth++], leaf + (size_t)g * n, (size_t)n * sizeof *leaf);
            }
        }
        memcpy(w->spec.node[k] + off, stack[0], (size_t)n * sizeof *leaf);
    }
}
