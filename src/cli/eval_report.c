#include "cli/eval_report.h"
#include "cli/console.h"
#include "cli/out_file.h"
#include "base/quote.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LABEL = 24 };

static const char *class_name(const tren_trained *t, int i) {
    const tren_dataset_info *info = tren_dataset_info_of(t->dataset);
    char **name = info->class_name ? info->class_name : t->checkpoint.data.class_name;
    return name ? name[i] : NULL;
}

/* ---- the terminal ---------------------------------------------------------------------------- */

/* "3 Dress": the number, right-aligned, and the name where there is one. */
static void label_of(char out[MAX_LABEL + 1], const tren_trained *t, int i, int digits) {
    const char *name = class_name(t, i);
    int n = snprintf(out, MAX_LABEL + 1, "%*d%s", digits, i, name ? " " : "");
    if (name) tren_shown(out + n, (size_t)(MAX_LABEL + 1 - n), name);
}

/* Columns of a text, as far as UTF-8 tells. */
static int columns(const char *text) {
    int n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static int digits_of(double x) {
    return snprintf(NULL, 0, "%.0f", x);
}

static int label_width(const tren_trained *t, int n_classes, int digits) {
    int width = 5; /* "class" */
    char label[MAX_LABEL + 1];
    for (int i = 0; i < n_classes; i++) {
        label_of(label, t, i, digits);
        if (columns(label) > width) width = columns(label);
    }
    return width;
}

static void print_label(FILE *out, const tren_trained *t, int i, int digits, int width) {
    char label[MAX_LABEL + 1];
    label_of(label, t, i, digits);
    fprintf(out, "  %s%*s", label, width - columns(label), "");
}

static void print_share(FILE *out, double share) {
    if (isnan(share))
        fprintf(out, " %10s", "-");
    else
        fprintf(out, " %10.4f", share);
}

static void print_classes(FILE *out, const tren_trained *t, const tren_eval_result *r) {
    int digits = digits_of(r->n_classes - 1), width = label_width(t, r->n_classes, digits);
    fprintf(out, "\n  %s%-*s %8s %10s %10s %10s%s\n", tren_style_on(out, TREN_STYLE_BOLD), width,
            "class", "rows", "precision", "recall", "F1", tren_style_on(out, TREN_STYLE_NONE));
    for (int i = 0; i < r->n_classes; i++) {
        double precision = tren_precision_of(r, i), recall = tren_recall_of(r, i);
        print_label(out, t, i, digits, width);
        fprintf(out, " %8.0f", tren_support_of(r, i));
        print_share(out, precision);
        print_share(out, recall);
        print_share(out, tren_f1(precision, recall));
        fputc('\n', out);
    }
}

static double cell(const tren_eval_result *r, int i, int j) {
    return r->confusion[(size_t)i * (size_t)r->n_classes + (size_t)j];
}

static void print_matrix(FILE *out, const tren_trained *t, const tren_eval_result *r, int wide) {
    int digits = digits_of(r->n_classes - 1), width = label_width(t, r->n_classes, digits);
    const char *bold = tren_style_on(out, TREN_STYLE_BOLD),
               *dim = tren_style_on(out, TREN_STYLE_DIM);
    const char *off = tren_style_on(out, TREN_STYLE_NONE);
    fprintf(out, "\n  %sconfusion matrix%s: true class down, predicted class across\n\n", bold,
            off);
    fprintf(out, "  %*s", width, "");
    for (int j = 0; j < r->n_classes; j++) fprintf(out, " %*d", wide, j);
    fputc('\n', out);
    for (int i = 0; i < r->n_classes; i++) {
        print_label(out, t, i, digits, width);
        for (int j = 0; j < r->n_classes; j++) {
            const char *on = i == j ? bold : cell(r, i, j) > 0 ? "" : dim;
            fprintf(out, "%s %*.0f%s", on, wide, cell(r, i, j), *on ? off : "");
        }
        fputc('\n', out);
    }
}

/* Off the diagonal, largest first. */
static void print_worst(FILE *out, const tren_trained *t, const tren_eval_result *r) {
    enum { MOST = 12 };
    int worst[MOST][2], n = 0;
    for (int i = 0; i < r->n_classes; i++)
        for (int j = 0; j < r->n_classes; j++) {
            if (i == j || cell(r, i, j) == 0) continue;
            if (n == MOST && cell(r, i, j) <= cell(r, worst[n - 1][0], worst[n - 1][1])) continue;
            int at = n < MOST ? n++ : n - 1;
            while (at > 0 && cell(r, worst[at - 1][0], worst[at - 1][1]) < cell(r, i, j)) {
                memcpy(worst[at], worst[at - 1], sizeof worst[at]);
                at--;
            }
            worst[at][0] = i;
            worst[at][1] = j;
        }
    fprintf(out, "\n  %smost frequent confusions%s (--out FILE.csv writes the whole matrix)\n\n",
            tren_style_on(out, TREN_STYLE_BOLD), tren_style_on(out, TREN_STYLE_NONE));
    for (int k = 0; k < n; k++) {
        char is[MAX_LABEL + 1], taken[MAX_LABEL + 1];
        label_of(is, t, worst[k][0], 1);
        label_of(taken, t, worst[k][1], 1);
        fprintf(out, "  %8.0f  %s taken for %s\n", cell(r, worst[k][0], worst[k][1]), is, taken);
    }
}

/* The matrix where it fits into the window. */
static void print_confusion(FILE *out, const tren_trained *t, const tren_eval_result *r) {
    int digits = digits_of(r->n_classes - 1), wide = 3;
    for (size_t i = 0; i < (size_t)r->n_classes * (size_t)r->n_classes; i++)
        if (digits_of(r->confusion[i]) > wide) wide = digits_of(r->confusion[i]);
    int needed = 2 + label_width(t, r->n_classes, digits) + r->n_classes * (wide + 1);
    int have = tren_cli_width(out);
    if (needed <= (have < 100 ? 100 : have))
        print_matrix(out, t, r, wide);
    else
        print_worst(out, t, r);
}

static bool is_text(const tren_trained *t) {
    return tren_dataset_info_of(t->dataset)->label_axis > 0;
}

static void print_text(FILE *out, const tren_eval_result *r) {
    fprintf(out, "  tokens      %.0f in %zu rows\n", r->labels, r->rows);
    fprintf(out, "  loss        %.6g per token\n", r->loss);
    fprintf(out, "  perplexity  %.6g\n", exp(r->loss));
    fprintf(out, "  accuracy    %.4f of the tokens\n", r->accuracy);
}

void tren_eval_print(FILE *out, const tren_trained *t, const tren_eval_result *r) {
    char about[3 * TREN_MAX_PATH];
    tren_trained_describe(about, sizeof about, t);
    fprintf(out, "%s\n\n", about);
    if (is_text(t)) {
        print_text(out, r);
        return;
    }
    fprintf(out, "  loss      %.6g, standard error %.2g\n", r->loss, r->loss_se);
    if (r->n_classes > 0) {
        fprintf(out, "  accuracy  %.4f, 95 %% interval %.4f to %.4f\n", r->accuracy,
                r->accuracy_low, r->accuracy_high);
        print_classes(out, t, r);
        print_confusion(out, t, r);
    }
    for (int k = 0; k < r->n_targets; k++)
        fprintf(out, "  RMSE      %.6g, target %d\n", r->rmse[k], k);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* As many digits as in result.json. */
static void json_number(FILE *out, const char *key, double x) {
    fprintf(out, isfinite(x) ? "\"%s\": %.9g" : "\"%s\": null", key, x);
}

static void json_field(FILE *out, const char *key, double x) {
    fputs("  ", out);
    json_number(out, key, x);
    fputs(",\n", out);
}

static void json_field_text(FILE *out, const char *key, const char *text) {
    fprintf(out, "  \"%s\": ", key);
    tren_put_json(out, text);
    fputs(",\n", out);
}

static void json_classes(FILE *out, const tren_trained *t, const tren_eval_result *r) {
    fputs("  \"classes\": [\n", out);
    for (int i = 0; i < r->n_classes; i++) {
        double precision = tren_precision_of(r, i), recall = tren_recall_of(r, i);
        fputs("    {\"name\": ", out);
        if (class_name(t, i))
            tren_put_json(out, class_name(t, i));
        else
            fputs("null", out);
        fprintf(out, ", \"rows\": %.0f, ", tren_support_of(r, i));
        json_number(out, "precision", precision);
        fputs(", ", out);
        json_number(out, "recall", recall);
        fputs(", ", out);
        json_number(out, "f1", tren_f1(precision, recall));
        fprintf(out, "}%s\n", i + 1 < r->n_classes ? "," : "");
    }
    fputs("  ],\n  \"confusion\": [\n", out);
    for (int i = 0; i < r->n_classes; i++)
        for (int j = 0; j < r->n_classes; j++)
            fprintf(out, "%s%.0f%s", j ? ", " : "    [", cell(r, i, j),
                    j + 1 < r->n_classes ? "" : (i + 1 < r->n_classes ? "],\n" : "]\n"));
    fputs("  ]\n", out);
}

static void json_targets(FILE *out, const tren_eval_result *r) {
    fputs("  \"rmse\": [", out);
    for (int k = 0; k < r->n_targets; k++) fprintf(out, "%s%.9g", k ? ", " : "", r->rmse[k]);
    fputs("]\n", out);
}

void tren_eval_json(FILE *out, const tren_trained *t, const tren_eval_result *r) {
    fputs("{\n", out);
    json_field_text(out, "checkpoint", t->path);
    json_field_text(out, "data", t->config.data);
    json_field_text(out, "split", tren_part_name[t->part]);
    fprintf(out, "  \"epoch\": %lld,\n", (long long)tren_trained_epoch(t));
    fprintf(out, "  \"rows\": %zu,\n", r->rows);
    json_field(out, "loss", r->loss);
    json_field(out, "loss_standard_error", r->loss_se);
    if (is_text(t)) {
        json_field(out, "tokens", r->labels);
        json_field(out, "accuracy", r->accuracy);
        fputs("  ", out);
        json_number(out, "perplexity", exp(r->loss));
        fputs("\n}\n", out);
        return;
    }
    if (r->n_classes > 0) {
        json_field(out, "accuracy", r->accuracy);
        json_field(out, "accuracy_low", r->accuracy_low);
        json_field(out, "accuracy_high", r->accuracy_high);
        json_classes(out, t, r);
    } else {
        json_targets(out, r);
    }
    fputs("}\n", out);
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static void csv_class(FILE *out, const tren_trained *t, int i) {
    if (class_name(t, i))
        tren_put_csv(out, class_name(t, i));
    else
        fprintf(out, "%d", i);
}

void tren_eval_csv(FILE *out, const tren_trained *t, const tren_eval_result *r) {
    if (r->n_classes == 0) {
        fputs("target,rmse\n", out);
        for (int k = 0; k < r->n_targets; k++) fprintf(out, "%d,%.9g\n", k, r->rmse[k]);
        return;
    }
    fputs("true", out);
    for (int j = 0; j < r->n_classes; j++) {
        fputc(',', out);
        csv_class(out, t, j);
    }
    for (int i = 0; i < r->n_classes; i++) {
        fputc('\n', out);
        csv_class(out, t, i);
        for (int j = 0; j < r->n_classes; j++) fprintf(out, ",%.0f", cell(r, i, j));
    }
    fputc('\n', out);
}
