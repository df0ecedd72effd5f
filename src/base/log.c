#include "tren/base.h"

#include <stdarg.h>
#include <time.h>

double tren_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void tren_log_line(const tren_log *log, const char *format, ...) {
    if (!log) return;
    FILE *sink[] = {log->out, log->file};
    for (size_t i = 0; i < sizeof sink / sizeof *sink; i++) {
        if (!sink[i]) continue;
        va_list args;
        va_start(args, format);
        vfprintf(sink[i], format, args);
        va_end(args);
        fputc('\n', sink[i]);
        fflush(sink[i]);
    }
}
