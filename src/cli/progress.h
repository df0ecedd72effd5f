/* What a person sees of a running training: a line that moves where somebody watches, and one that
 * stays for each epoch. Rank 0 only. */
#ifndef TREN_CLI_PROGRESS_H
#define TREN_CLI_PROGRESS_H

#include "tren/train.h"

typedef struct tren_progress_view {
    bool bar;         /* draw the moving line on stderr */
    bool drawn;       /* it stands there now */
    double last;      /* tren_seconds() of the last drawing */
    double last_line; /* the same of a line for the screen */
    int free_lines;   /* lines that may still follow each other at once */
    int width;
    const tren_log *log; /* not owned; the lines that stay */
} tren_progress_view;

enum { TREN_LOSS_TEXT = 32 };
/* "0.4123", or "1.5e+12" where a loss has grown: in `out`. */
const char *tren_loss_text(char out[TREN_LOSS_TEXT], double loss);

/* mode: a tren_progress_id */
void tren_progress_open(tren_progress_view *view, int mode, const tren_log *log);
void tren_progress_show(tren_progress_view *view, const tren_progress *progress);
void tren_progress_close(tren_progress_view *view); /* wipes the moving line */

#endif
