/* Predictions as HDF5, in the order of the part's rows:
 *     /label /predicted [n], /probability [n, classes]                        classes
 *     /label /predicted [n], /top_class /top_probability [n, K]               with --top K
 *     /target /prediction [n, targets]                                        targets
 * without /label and /target where the rows have none, and, as attributes, where they come from and
 * how the classes are called. */
#include "cli/console.h"
#include "cli/predict_out.h"

#include <stdlib.h>

static tren_h5_shape shape_of(const tren_predict_out *out, int columns) {
    if (columns == 0) return (tren_h5_shape){.rank = 1, .dim = {out->rows}};
    return (tren_h5_shape){.rank = 2, .dim = {out->rows, (size_t)columns}};
}

static tren_status create(tren_predict_out *out, const char *name, int columns, tren_type type) {
    return tren_h5_create_dataset(out->h5, name, shape_of(out, columns), type);
}

static tren_status begin_classes(tren_predict_out *out) {
    if (out->labeled) TREN_TRY(create(out, "/label", 0, TREN_I32));
    TREN_TRY(create(out, "/predicted", 0, TREN_I32));
    if (out->all) return create(out, "/probability", out->outputs, TREN_REAL);
    TREN_TRY(create(out, "/top_class", out->top, TREN_I32));
    return create(out, "/top_probability", out->top, TREN_REAL);
}

static tren_status begin_targets(tren_predict_out *out) {
    if (out->labeled) TREN_TRY(create(out, "/target", out->outputs, TREN_F64));
    return create(out, "/prediction", out->outputs, TREN_F64);
}

static tren_status begin(tren_predict_out *out) {
    const tren_trained *t = out->trained;
    TREN_TRY(tren_out_open(out->file));
    TREN_TRY(tren_h5_create(&out->h5, out->file->tmp, TREN_ERR_ENV));
    TREN_TRY(tren_h5_put_text(out->h5, "/", "checkpoint", tren_cli_shown(t->path)));
    TREN_TRY(tren_h5_put_text(out->h5, "/", "data", tren_cli_shown(t->config.data)));
    TREN_TRY(tren_h5_put_text(out->h5, "/", "split", tren_part_name[t->part]));
    if (out->output_name)
        TREN_TRY(tren_h5_put_texts(out->h5, "/", "class_names",
                                   (const char *const *)out->output_name, (size_t)out->outputs));
    return out->classes ? begin_classes(out) : begin_targets(out);
}

static tren_status put_rows(tren_predict_out *out, const char *name, const tren_predicted *rows,
                            tren_type type, const void *data) {
    return tren_h5_write_rows(out->h5, name, rows->first, (size_t)rows->n, type, data);
}

/* Gathers the top classes and their probabilities from the rows of all. */
static tren_status put_top(tren_predict_out *out, const tren_predicted *rows) {
    real *p = NULL;
    size_t top = (size_t)out->top;
    TREN_TRY(tren_alloc(&p, (size_t)rows->n * top, sizeof *p, "predictions"));
    for (size_t i = 0; i < (size_t)rows->n; i++)
        for (size_t k = 0; k < top; k++)
            p[i * top + k] =
                rows->output[i * (size_t)out->outputs + (size_t)rows->order[i * top + k]];
    tren_status st = put_rows(out, "/top_class", rows, TREN_I32, rows->order);
    if (st == TREN_OK) st = put_rows(out, "/top_probability", rows, TREN_REAL, p);
    free(p);
    return st;
}

static tren_status put_predicted(tren_predict_out *out, const tren_predicted *rows) {
    int32_t *first = NULL;
    TREN_TRY(tren_alloc(&first, (size_t)rows->n, sizeof *first, "predictions"));
    for (int i = 0; i < rows->n; i++) first[i] = rows->order[(size_t)i * (size_t)out->top];
    tren_status st = put_rows(out, "/predicted", rows, TREN_I32, first);
    free(first);
    return st;
}

static tren_status add(tren_predict_out *out, const tren_predicted *rows) {
    if (!out->classes) {
        if (out->labeled) TREN_TRY(put_rows(out, "/target", rows, TREN_F64, rows->target));
        return put_rows(out, "/prediction", rows, TREN_F64, rows->value);
    }
    if (out->labeled) TREN_TRY(put_rows(out, "/label", rows, TREN_I32, rows->label));
    TREN_TRY(put_predicted(out, rows));
    return out->all ? put_rows(out, "/probability", rows, TREN_REAL, rows->output)
                    : put_top(out, rows);
}

static tren_status finish(tren_predict_out *out) {
    tren_status st = tren_h5_finish(out->h5);
    out->h5 = NULL;
    return st == TREN_OK ? tren_out_finish(out->file) : st;
}

const tren_predict_format tren_predict_h5 = {.begin = begin, .add = add, .finish = finish};
