#include "cli/eval_report.h"
#include "base/text.h"
#include "cli/console.h"
#include "cli/out_file.h"
#include "base/quote.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LABEL = 24 };

/* Columns of yes and no take the place of classes. */
static bool is_columns(const tren_trained *t) {
    return tren_dataset_info_of(t->dataset)->n_classes == 0;
}

static const char *target_name(const tren_trained *t, int k) {
    const tren_dataset_info *info = tren_dataset_info_of(t->dataset);
    char **name = info->target_name ? info->target_name : t->checkpoint.data.target_name;
    return name ? name[k] : NULL;
}

/* Of a class, or of a column of yes and no. */
static const char *class_name(const tren_trained *t, int i) {
    if (is_columns(t)) return target_name(t, i);
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

static int columns(const char *text) {
    return tren_text_columns(text, strlen(text));
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

/* ROC areas have a column where some class has one. */
static bool has_areas(const tren_eval_result *r) {
    for (int i = 0; i < r->tally->n_classes; i++)
        if (!isnan(r->tally->of_class[i].area)) return true;
    return false;
}

static void print_classes(FILE *out, const tren_trained *t, const tren_eval_result *r) {
    int n = r->tally->n_classes, digits = digits_of(n - 1), width = label_width(t, n, digits);
    bool areas = has_areas(r);
    fprintf(out, "\n  %s%-*s %8s %10s %10s %10s%s%s\n", tren_style_on(out, TREN_STYLE_BOLD), width,
            is_columns(t) ? "yes in" : "class", "rows", "precision", "recall", "F1",
            areas ? "        AUC" : "", tren_style_on(out, TREN_STYLE_NONE));
    for (int i = 0; i < n; i++) {
        const tren_class_tally *of = &r->tally->of_class[i];
        print_label(out, t, i, digits, width);
        fprintf(out, " %8.0f", of->rows);
        print_share(out, tren_precision_of(of));
        print_share(out, tren_recall_of(of));
        print_share(out, tren_f1_of(of));
        if (areas) print_share(out, of->area);
        fputc('\n', out);
    }
}

static double cell(const tren_eval_result *r, int i, int j) {
    return r->tally->confusion[(size_t)i * (size_t)r->tally->n_classes + (size_t)j];
}

static void print_matrix(FILE *out, const tren_trained *t, const tren_eval_result *r, int wide) {
    int digits = digits_of(r->tally->n_classes - 1),
        width = label_width(t, r->tally->n_classes, digits);
    const char *bold = tren_style_on(out, TREN_STYLE_BOLD),
               *dim = tren_style_on(out, TREN_STYLE_DIM);
    const char *off = tren_style_on(out, TREN_STYLE_NONE);
    fprintf(out, "\n  %sconfusion matrix%s: rows are true classes, columns predicted classes\n\n",
            bold, off);
    fprintf(out, "  %*s", width, "");
    for (int j = 0; j < r->tally->n_classes; j++) fprintf(out, " %*d", wide, j);
    fputc('\n', out);
    for (int i = 0; i < r->tally->n_classes; i++) {
        print_label(out, t, i, digits, width);
        for (int j = 0; j < r->tally->n_classes; j++) {
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
    for (int i = 0; i < r->tally->n_classes; i++)
        for (int j = 0; j < r->tally->n_classes; j++) {
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
        fprintf(out, "  %8.0f  %s predicted as %s\n", cell(r, worst[k][0], worst[k][1]), is, taken);
    }
}

/* The matrix where it fits into the window. */
static void print_confusion(FILE *out, const tren_trained *t, const tren_eval_result *r) {
    int digits = digits_of(r->tally->n_classes - 1), wide = 3;
    for (size_t i = 0; i < (size_t)r->tally->n_classes * (size_t)r->tally->n_classes; i++)
        if (digits_of(r->tally->confusion[i]) > wide) wide = digits_of(r->tally->confusion[i]);
    int needed = 2 + label_width(t, r->tally->n_classes, digits) + r->tally->n_classes * (wide + 1);
    int have = tren_cli_width(out);
    if (needed <= (have < 100 ? 100 : have))
        print_matrix(out, t, r, wide);
    else
        print_worst(out, t, r);
}

static double rmse_of(const tren_eval_result *r, int target) {
    return sqrt(r->tally->of_target[target].squares);
}

static bool is_text(const tren_trained *t) {
    return tren_dataset_info_of(t->dataset)->label_axis > 0;
}

/* A metric and, of a share, its interval. */
static void print_metrics(FILE *out, const tren_eval_result *r, int width) {
    const tren_scores *scores = &r->scores;
    for (int k = 0; k < TREN_N_METRICS; k++) {
        double low, high;
        if (k == TREN_METRIC_LOSS_SE || isnan(scores->metric[k])) continue;
        fprintf(out,
                tren_metric_table[k].suits & (TREN_OF_CLASSES | TREN_OF_COLUMNS) ? "  %-*s %.4f"
                                                                                 : "  %-*s %.6g",
                width, tren_metric_name[k], scores->metric[k]);
        tren_wilson(&low, &high, scores->metric[k], scores->labels);
        if (tren_metric_table[k].share) fprintf(out, ", 95 %% interval %.4f to %.4f", low, high);
        fputc('\n', out);
    }
}

static void print_loss(FILE *out, const tren_eval_result *r, int width, const char *unit) {
    fprintf(out, "  %-*s %.6g%s", width, "loss", r->scores.loss, unit);
    if (!isnan(r->tally->loss_se)) fprintf(out, ", standard error %.2g", r->tally->loss_se);
    fputc('\n', out);
}

static void print_targets(FILE *out, const tren_trained *t, const tren_eval_result *r, int width) {
    for (int k = 0; k < r->tally->n_targets; k++) {
        char name[MAX_LABEL + 1];
        snprintf(name, sizeof name, "%d", k);
        if (target_name(t, k)) tren_shown(name, sizeof name, target_name(t, k));
        fprintf(out, "  %-*s %.6g, target %s\n", width, "RMSE", rmse_of(r, k), name);
    }
}

void tren_eval_print(FILE *out, const tren_trained *t, const tren_eval_result *r) {
    char about[3 * TREN_MAX_PATH];
    int width = is_text(t) ? 11 : 9;
    tren_trained_describe(about, sizeof about, t);
    fprintf(out, "%s\n\n", about);
    if (is_text(t))
        fprintf(out, "  %-*s %.0f in %zu rows\n", width, "tokens", r->scores.labels,
                r->scores.rows);
    print_loss(out, r, width, is_text(t) ? " per token" : "");
    print_metrics(out, r, width);
    print_targets(out, t, r, width);
    if (r->tally->n_classes > 0) print_classes(out, t, r);
    if (r->tally->confusion) print_confusion(out, t, r);
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

static void json_share(FILE *out, const char *name, double share, double n) {
    double low, high;
    char key[64];
    tren_wilson(&low, &high, share, n);
    snprintf(key, sizeof key, "%s_low", name);
    json_field(out, key, low);
    snprintf(key, sizeof key, "%s_high", name);
    json_field(out, key, high);
}

static void json_metrics(FILE *out, const tren_trained *t, const tren_eval_result *r) {
    const tren_dataset_info *info = tren_dataset_info_of(t->dataset);
    unsigned suit =
        tren_metrics_of(t->graph, info, TREN_ALL_METRICS & ~(1u << TREN_METRIC_LOSS_SE));
    for (int k = 0; k < TREN_N_METRICS; k++) {
        if (!(suit & 1u << k)) continue;
        json_field(out, tren_metric_name[k], r->scores.metric[k]);
        if (tren_metric_table[k].share)
            json_share(out, tren_metric_name[k], r->scores.metric[k], r->scores.labels);
    }
}

static void json_classes(FILE *out, const tren_trained *t, const tren_eval_result *r) {
    int n = r->tally->n_classes;
    if (n > 0) fprintf(out, "  \"%s\": [\n", is_columns(t) ? "columns" : "classes");
    for (int i = 0; i < n; i++) {
        const tren_class_tally *of = &r->tally->of_class[i];
        fputs("    {\"name\": ", out);
        if (class_name(t, i))
            tren_put_json(out, class_name(t, i));
        else
            fputs("null", out);
        fprintf(out, ", \"rows\": %.0f, ", of->rows);
        json_number(out, "precision", tren_precision_of(of));
        fputs(", ", out);
        json_number(out, "recall", tren_recall_of(of));
        fputs(", ", out);
        json_number(out, "f1", tren_f1_of(of));
        fputs(", ", out);
        json_number(out, "auc", of->area);
        fprintf(out, "}%s\n", i + 1 < n ? "," : "");
    }
    if (n > 0) fputs("  ],\n", out);
}

static void json_confusion(FILE *out, const tren_eval_result *r) {
    int n = r->tally->n_classes;
    if (!r->tally->confusion) return;
    fputs("  \"confusion\": [\n", out);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            fprintf(out, "%s%.0f%s", j ? ", " : "    [", cell(r, i, j),
                    j + 1 < n ? "" : (i + 1 < n ? "],\n" : "]\n"));
    fputs("  ],\n", out);
}

static void json_targets(FILE *out, const tren_trained *t, const tren_eval_result *r) {
    int n = r->tally->n_targets;
    if (n > 0 && target_name(t, 0)) fputs("  \"targets\": [", out);
    for (int k = 0; k < n && target_name(t, k); k++) {
        if (k > 0) fputs(", ", out);
        tren_put_json(out, target_name(t, k));
    }
    if (n > 0 && target_name(t, 0)) fputs("],\n", out);
    if (n > 0) fputs("  \"rmse\": [", out);
    for (int k = 0; k < n; k++) fprintf(out, "%s%.9g", k ? ", " : "", rmse_of(r, k));
    if (n > 0) fputs("],\n", out);
}

void tren_eval_json(FILE *out, const tren_trained *t, const tren_eval_result *r) {
    fputs("{\n", out);
    json_field_text(out, "checkpoint", t->path);
    json_field_text(out, "data", t->config.data);
    json_field_text(out, "split", tren_part_name[t->part]);
    fprintf(out, "  \"epoch\": %lld,\n", (long long)tren_trained_epoch(t));
    fprintf(out, "  \"rows\": %zu,\n", r->scores.rows);
    json_field(out, "loss", r->scores.loss);
    json_field(out, "loss_standard_error", r->tally->loss_se);
    if (is_text(t)) json_field(out, "tokens", r->scores.labels);
    json_metrics(out, t, r);
    json_classes(out, t, r);
    json_confusion(out, r);
    json_targets(out, t, r);
    fprintf(out, "  \"labels\": %.0f\n}\n", r->scores.labels);
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static void csv_class(FILE *out, const tren_trained *t, int i) {
    if (class_name(t, i))
        tren_put_csv(out, class_name(t, i));
    else
        fprintf(out, "%d", i);
}

static void csv_column(FILE *out, const tren_trained *t, int k, const tren_class_tally *of) {
    const double value[] = {of->rows, tren_precision_of(of), tren_recall_of(of), tren_f1_of(of),
                            of->area};
    csv_class(out, t, k);
    for (size_t i = 0; i < sizeof value / sizeof *value; i++)
        fprintf(out, isnan(value[i]) ? "," : ",%.9g", value[i]);
    fputc('\n', out);
}

void tren_eval_csv(FILE *out, const tren_trained *t, const tren_eval_result *r) {
    if (!r->tally->confusion) {
        fputs(is_columns(t) && r->tally->n_classes > 0 ? "column,rows,precision,recall,f1,auc\n"
                                                       : "target,rmse\n",
              out);
        for (int k = 0; k < r->tally->n_targets; k++) {
            csv_class(out, t, k);
            fprintf(out, ",%.9g\n", rmse_of(r, k));
        }
        for (int k = 0; k < r->tally->n_classes; k++) csv_column(out, t, k, &r->tally->of_class[k]);
        return;
    }
    fputs("true", out);
    for (int j = 0; j < r->tally->n_classes; j++) {
        fputc(',', out);
        csv_class(out, t, j);
    }
    for (int i = 0; i < r->tally->n_classes; i++) {
        fputc('\n', out);
        csv_class(out, t, i);
        for (int j = 0; j < r->tally->n_classes; j++) fprintf(out, ",%.0f", cell(r, i, j));
    }
    fputc('\n', out);
}
