#include "cli/plot.h"
#include "base/input.h"
#include "cli/gnuplot.h"
#include "cli/plot_script.h"
#include "base/why.h"
#include "cli/console.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading --------------------------------------------------------------------------------- */

/* How the run ended, where it has. */
static void add_result(char *out, size_t n, const char *run_dir) {
    double loss = tren_result_number(run_dir, "test_loss");
    double accuracy = tren_result_number(run_dir, "test_accuracy");
    size_t at = strlen(out);
    if (!isnan(loss)) snprintf(out + at, n - at, "%stest loss %.4g", at ? " · " : "", loss);
    at = strlen(out);
    if (!isnan(accuracy)) snprintf(out + at, n - at, ", accuracy %.4f", accuracy);
}

static tren_status read_run(tren_plot_run *run, const char *run_dir) {
    TREN_TRY(tren_metrics_read(&run->metrics, run_dir));
    tren_run_name(run->name, sizeof run->name, run_dir);
    tren_run_caption(run->caption, sizeof run->caption, run_dir);
    add_result(run->caption, sizeof run->caption, run_dir);
    return TREN_OK;
}

/* Folders of one name are told apart by their paths. */
static void tell_apart(tren_plot *plot, const char *const *run_dir) {
    for (int i = 0; i < plot->n_runs; i++)
        for (int j = 0; j < i; j++)
            if (strcmp(plot->run[i].name, plot->run[j].name) == 0) {
                snprintf(plot->run[i].name, sizeof plot->run[i].name, "%s", run_dir[i]);
                snprintf(plot->run[j].name, sizeof plot->run[j].name, "%s", run_dir[j]);
            }
}

tren_status tren_plot_open(tren_plot *plot, const char *const *run_dir, int n) {
    TREN_TRY(tren_alloc(&plot->run, (size_t)n, sizeof *plot->run, "the runs"));
    for (plot->n_runs = 0; plot->n_runs < n; plot->n_runs++)
        TREN_TRY(read_run(&plot->run[plot->n_runs], run_dir[plot->n_runs]));
    tell_apart(plot, run_dir);
    return TREN_OK;
}

void tren_plot_close(tren_plot *plot) {
    for (int i = 0; i < plot->n_runs; i++) tren_metrics_close(&plot->run[i].metrics);
    free(plot->run);
    plot->run = NULL;
    plot->n_runs = 0;
}

/* ---- drawing --------------------------------------------------------------------------------- */

static void write_script(FILE *script, const tren_plot *plot) {
    if (plot->n_columns > 0)
        tren_plot_overlay(script, plot);
    else
        tren_plot_one(script, plot);
}

/* Pictures are drawn again and again, so an older one may go; anything else that has the name
 * stays. */
static tren_status check_older(const char *path) {
    char head[8] = "";
    FILE *file;
    if (tren_input_fopen(&file, path, TREN_ERR_USAGE, "a picture") != TREN_OK) return TREN_OK;
    size_t n = fread(head, 1, sizeof head, file);
    fclose(file);
    bool svg = n >= 5 && (memcmp(head, "<?xml", 5) == 0 || memcmp(head, "<svg", 4) == 0);
    bool png = n == sizeof head && memcmp(head, "\x89PNG\r\n\x1a\n", sizeof head) == 0;
    bool pdf = n >= 5 && memcmp(head, "%PDF-", 5) == 0;
    if (n == 0 || svg || png || pdf) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "%s exists and is not a picture: give --out another name",
                     path);
}

tren_status tren_plot_draw(const tren_plot *plot, const char *path) {
    char notes[1024] = "";
    tren_out_file out;
    TREN_TRY(tren_out_check(&out, path, true));
    TREN_TRY(check_older(path));
    FILE *script = tmpfile();
    if (!script)
        return tren_fail(TREN_ERR_ENV, "cannot write a temporary file: %s", tren_why(errno));
    write_script(script, plot);
    tren_status st = tren_picture_draw(script, path, true, notes, sizeof notes);
    if (notes[0]) fprintf(stderr, "warning: gnuplot: %s\n", tren_cli_shown(notes));
    fclose(script);
    return st;
}

void tren_plot_after_training(const char *run_dir) {
    char path[TREN_MAX_PATH + 64];
    tren_plot plot = {0};
    snprintf(path, sizeof path, "%s/curves.svg", run_dir);
    tren_status st = tren_plot_open(&plot, &run_dir, 1);
    if (st == TREN_OK) st = tren_plot_draw(&plot, path);
    if (st == TREN_OK)
        printf("curves: %s\n", tren_cli_shown(path));
    else
        printf("warning: no curves drawn: %s\n", tren_cli_shown(tren_error_text()));
    tren_plot_close(&plot);
}
