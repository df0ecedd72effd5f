#include "base/quote.h"

#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

double tren_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void tren_log_line(const tren_log *log, const char *format, ...) {
    if (!log) return;
    FILE *sink[] = {log->out, log->file};
    char *line = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&line, format, args) < 0) line = NULL;
    va_end(args);
    for (size_t i = 0; i < sizeof sink / sizeof *sink; i++) {
        if (!sink[i]) continue;
        tren_put_shown(sink[i], line ? line : format);
        fputc('\n', sink[i]);
        fflush(sink[i]);
    }
    free(line);
}
