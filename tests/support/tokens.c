#include "support/tokens.h"
#include "support/reference.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "nn/work.h"

void test_sequences_open(test_sequences *s, const char *group, const char *name,
                         const char *lengths, bool tokens) {
    test_values x = test_reference(group, name);
    *s = (test_sequences){.rows = x.dim[0], .tokens = x.dim[1], .width = 1};
    if (!tokens) { /* an array [rows, tokens, width], of which only the first is told */
        test_values b = test_reference(group, "bq");
        s->width = (int)b.n;
        s->tokens = x.dim[1] / s->width;
        free(b.at);
    }
    int32_t *length = lengths ? test_reference_labels(group, lengths) : NULL;
    s->at = calloc(x.n, sizeof *s->at);
    for (int i = 0; i < s->rows; i++) {
        s->length[i] = length ? length[i] : s->tokens;
        size_t n = (size_t)s->length[i] * (size_t)s->width;
        memcpy(s->at + (size_t)s->total * (size_t)s->width, x.at + (size_t)i * (size_t)x.dim[1],
               n * sizeof *s->at);
        s->total += s->length[i];
    }
    free(length);
    free(x.at);
}

void test_sequences_close(test_sequences *s) {
    free(s->at);
}

real *test_padded(const test_sequences *s, const real *x, int width) {
    size_t row = (size_t)s->tokens * (size_t)width;
    real *y = calloc((size_t)s->rows * row, sizeof *y);
    for (int i = 0; i < s->rows; i++) {
        size_t n = (size_t)s->length[i] * (size_t)width;
        memcpy(y + (size_t)i * row, x, n * sizeof *x);
        x += n;
    }
    return y;
}

void test_token_run_open(test_token_run *run, tren_graph *graph, real *value,
                         const test_sequences *const axis[TREN_AXES], int shards) {
    *run = (test_token_run){.graph = graph, .node = calloc(graph->n_values, sizeof(real))};
    int rows = axis[0]->rows;
    for (int s = 0; s <= shards; s++) run->row0[s] = rows * s / shards;
    tren_work_spec spec = {.max_rows = rows,
                           .train = true,
                           .stacking = true,
                           .shards = shards,
                           .hi = shards,
                           .value = value,
                           .node = &run->node};
    cr_assert_eq(tren_work_open(&run->work, graph, &spec), TREN_OK, "%s", tren_error_text());
    memset(run->work->act.at, 0xff, run->work->act.len * sizeof(real)); /* NaN */
    run->pass = (tren_pass){.n_groups = shards, .row0 = run->row0, .train = true, .scale = 1};
    for (int a = 0; a < TREN_AXES; a++) run->pass.length[a] = axis[a] ? axis[a]->length : NULL;
    cr_assert_eq(tren_work_pattern(run->work, &run->pass.pattern, shards, run->row0), TREN_OK);
}

void test_token_run_close(test_token_run *run) {
    tren_work_close(run->work);
    free(run->node);
}

void test_token_input(test_token_run *run, int layer, const test_sequences *s) {
    const tren_layer *input = run->graph->layer[layer];
    size_t n = (size_t)s->total * (size_t)s->width;
    for (size_t i = 0; i < n; i++) {
        if (input->out.element == TREN_TOKENS)
            tren_work_tokens(run->work, input)[i] = (int32_t)s->at[i];
        else
            layer_y(run->work, input)[i] = (real)s->at[i];
    }
}

double test_token_forward(test_token_run *run, double *counted) {
    tren_forward(run->work, &run->pass);
    double loss = 0;
    *counted = 0;
    for (int g = 0; g < run->pass.n_groups; g++) {
        loss += tren_work_result(run->work)[g].loss;
        *counted += tren_work_result(run->work)[g].counted;
    }
    return loss;
}
