#include "cli/progress.h"
#include "cli/console.h"
#include "cli/launch.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static const double redraw_seconds = 0.1, line_seconds = 0.05;
enum { FREE_LINES = 50 }; /* so many that a short run shows all of its epochs */

void tren_progress_open(tren_progress_view *view, int mode, const tren_log *log) {
    bool on = mode == TREN_PROGRESS_ON ||
              (mode == TREN_PROGRESS_AUTO && tren_launch_watched(STDERR_FILENO));
    *view = (tren_progress_view){
        .bar = on, .log = log, .width = tren_cli_width(stderr), .free_lines = FREE_LINES};
}

static void wipe(tren_progress_view *view) {
    if (view->drawn) fprintf(stderr, "\r\033[K");
    view->drawn = false;
}

void tren_progress_close(tren_progress_view *view) {
    wipe(view);
    fflush(stderr);
}

const char *tren_loss_text(char out[TREN_LOSS_TEXT], double loss) {
    snprintf(out, TREN_LOSS_TEXT, fabs(loss) < 1e6 ? "%.4f" : "%.4g", loss);
    return out;
}

/* "loss 0.4123 accuracy 0.8530", the second only in classification; of text, "loss 1.512 perplexity
 * 4.536". */
static int scores(char *out, size_t n, const tren_progress *p, double loss, double accuracy) {
    char text[TREN_LOSS_TEXT];
    if (p->tokens_per_second > 0)
        return snprintf(out, n, "loss %s perplexity %.4g", tren_loss_text(text, loss), exp(loss));
    if (isnan(accuracy)) return snprintf(out, n, "loss %.4g", loss);
    return snprintf(out, n, "loss %s accuracy %.4f", tren_loss_text(text, loss), accuracy);
}

static int speed(char *out, size_t n, const tren_progress *p) {
    if (p->tokens_per_second > 0) return snprintf(out, n, "%.0f tokens/s", p->tokens_per_second);
    return snprintf(out, n, "%.0f samples/s", p->samples_per_second);
}

static void draw(tren_progress_view *view, const tren_progress *p) {
    enum { CELLS = 20 };
    char bar[CELLS + 1], training[64], fast[64];
    int done = (int)(CELLS * p->step / (p->steps > 0 ? p->steps : 1));
    memset(bar, '-', CELLS);
    memset(bar, '#', (size_t)done);
    bar[CELLS] = '\0';
    scores(training, sizeof training, p, p->train_loss, p->train_accuracy);
    speed(fast, sizeof fast, p);
    char line[256];
    snprintf(line, sizeof line, "epoch %d/%d [%s] %3d%%  %s  %s", p->epoch + 1, p->epochs, bar,
             (int)(100 * p->step / (p->steps > 0 ? p->steps : 1)), training, fast);
    fprintf(stderr, "\r%.*s\033[K", view->width - 1, line);
    fflush(stderr);
    view->drawn = true;
}

/* Spares the screen the lines that nobody could read; metrics.csv has them all. In its last second
 * mpirun reads the ranks' output no more, and a rank that waits to write cannot save. */
static bool too_soon(tren_progress_view *view, bool last) {
    double now = tren_seconds();
    if (view->free_lines > 0 || last)
        view->free_lines--;
    else if (now - view->last_line < line_seconds)
        return true;
    view->last_line = now;
    return false;
}

static void stay(tren_progress_view *view, const tren_progress *p) {
    char training[64], validation[64], metric[64] = "", fast[64];
    scores(training, sizeof training, p, p->train_loss, p->train_accuracy);
    scores(validation, sizeof validation, p, p->validation_loss, p->validation_accuracy);
    speed(fast, sizeof fast, p);
    bool said = p->tokens_per_second > 0 && p->metric_name && !strcmp(p->metric_name, "perplexity");
    if (p->metric_name && !isnan(p->metric) && !said)
        snprintf(metric, sizeof metric, " %s %.4g", p->metric_name, p->metric);
    if (too_soon(view, p->epoch + 1 == p->epochs)) return;
    tren_log_line(view->log, "epoch %3d/%d  training %s  validation %s%s %s  %s", p->epoch + 1,
                  p->epochs, training, isnan(p->validation_loss) ? "none" : validation, metric,
                  p->best ? "*" : " ", fast);
}

void tren_progress_show(tren_progress_view *view, const tren_progress *p) {
    if (p->epoch_done) {
        wipe(view);
        stay(view, p);
        return;
    }
    if (!view->bar) return;
    double now = tren_seconds();
    if (now - view->last < redraw_seconds) return;
    view->last = now;
    draw(view, p);
}
