/* Predictions as CSV: a row for each row of the part, in its order.
 *     row,label[,label_name],predicted[,predicted_name],p_CLASS,...          classes
 *     row,label[,label_name],top1[,top1_name],top1_p,top2,...                with --top K
 *     row,target_0,...,prediction_0,...                                      targets
 * Rows without labels lack label and target. */
#include "cli/predict_out.h"
#include "base/quote.h"

#include <stdlib.h>

/* Enough digits to read the same number back. */
enum { DOUBLE_DIGITS = 17, REAL_DIGITS = sizeof(real) == sizeof(double) ? DOUBLE_DIGITS : 9 };

static void put_real(FILE *out, real x) {
    fprintf(out, ",%.*g", (int)REAL_DIGITS, (double)x);
}

/* In the fewest digits from REAL_DIGITS on that read back as the number; REAL_DIGITS do for one
 * that is a real. */
static void put_target(FILE *out, double x) {
    char text[40];
    int digits = REAL_DIGITS;
    do snprintf(text, sizeof text, "%.*g", digits, x);
    while ((double)(real)x != x && strtod(text, NULL) != x && digits++ < DOUBLE_DIGITS);
    fprintf(out, ",%s", text);
}

static void put_class(const tren_predict_out *out, int i) {
    FILE *f = out->file->text;
    fprintf(f, ",%d", i);
    if (!out->output_name) return;
    fputc(',', f);
    tren_put_csv(f, out->output_name[i]);
}

static void put_class_heading(const tren_predict_out *out, const char *name) {
    fprintf(out->file->text, ",%s", name);
    if (out->output_name) fprintf(out->file->text, ",%s_name", name);
}

/* A column of one output: its name, or its number, behind the prefix. */
static void put_heading(const tren_predict_out *out, const char *prefix, int j) {
    char name[2048];
    if (out->output_name)
        snprintf(name, sizeof name, "%s_%s", prefix, out->output_name[j]);
    else
        snprintf(name, sizeof name, "%s_%d", prefix, j);
    fputc(',', out->file->text);
    tren_put_csv(out->file->text, name);
}

static void head_of_classes(const tren_predict_out *out) {
    FILE *f = out->file->text;
    if (out->labeled) put_class_heading(out, "label");
    if (out->all) put_class_heading(out, "predicted");
    for (int j = 0; out->all && j < out->outputs; j++) put_heading(out, "p", j);
    for (int k = 1; !out->all && k <= out->top; k++) {
        char name[32];
        snprintf(name, sizeof name, "top%d", k);
        put_class_heading(out, name);
        fprintf(f, ",%s_p", name);
    }
}

static void head_of_targets(const tren_predict_out *out) {
    for (int j = 0; out->labeled && j < out->outputs; j++) put_heading(out, "target", j);
    for (int j = 0; j < out->outputs; j++) put_heading(out, "prediction", j);
}

static tren_status begin(tren_predict_out *out) {
    TREN_TRY(tren_out_open_text(out->file));
    fputs("row", out->file->text);
    if (out->classes)
        head_of_classes(out);
    else
        head_of_targets(out);
    fputc('\n', out->file->text);
    return TREN_OK;
}

static void put_classes(const tren_predict_out *out, const tren_predicted *rows, int i) {
    FILE *f = out->file->text;
    const real *p = rows->output + (size_t)i * (size_t)out->outputs;
    const int32_t *order = rows->order + (size_t)i * (size_t)out->top;
    if (out->labeled) put_class(out, rows->label[i]);
    if (out->all) put_class(out, order[0]);
    for (int j = 0; out->all && j < out->outputs; j++) put_real(f, p[j]);
    for (int k = 0; !out->all && k < out->top; k++) {
        put_class(out, order[k]);
        put_real(f, p[order[k]]);
    }
}

static void put_targets(const tren_predict_out *out, const tren_predicted *rows, int i) {
    size_t at = (size_t)i * (size_t)out->outputs;
    for (int j = 0; out->labeled && j < out->outputs; j++)
        put_target(out->file->text, rows->target[at + (size_t)j]);
    for (int j = 0; j < out->outputs; j++) put_target(out->file->text, rows->value[at + (size_t)j]);
}

static tren_status add(tren_predict_out *out, const tren_predicted *rows) {
    for (int i = 0; i < rows->n; i++) {
        fprintf(out->file->text, "%zu", rows->first + (size_t)i);
        if (out->classes)
            put_classes(out, rows, i);
        else
            put_targets(out, rows, i);
        fputc('\n', out->file->text);
    }
    return TREN_OK;
}

static tren_status finish(tren_predict_out *out) {
    return tren_out_finish(out->file);
}

const tren_predict_format tren_predict_csv = {.begin = begin, .add = add, .finish = finish};
