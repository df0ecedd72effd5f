/* The machine, as far as one process sees it. */
#include "cli/doctor.h"
#include "cli/gnuplot.h"
#include "cli/launch.h"
#include "tren/train.h"
#include "tren/kernels.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* ---- limits ---------------------------------------------------------------------------------- */

static void print_limit(char *out, size_t n, rlim_t limit) {
    if (limit == RLIM_INFINITY)
        snprintf(out, n, "unlimited");
    else
        snprintf(out, n, "%llu", (unsigned long long)limit);
}

static void look_at_limits(tren_examination *e) {
    enum { FEW_FILES = 1024 };
    struct rlimit files = {0, 0}, core = {0, 0};
    char open[32], dump[32];
    getrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_CORE, &core);
    print_limit(open, sizeof open, files.rlim_cur);
    print_limit(dump, sizeof dump, core.rlim_cur);
    if (tren_launch_check_limits(true) != TREN_OK)
        tren_doctor_add(e, "limits", TREN_HEALTH_PROBLEM, "%s", tren_error_text());
    else if (files.rlim_cur < FEW_FILES) {
        tren_doctor_add(e, "limits", TREN_HEALTH_WARNING,
                        "%s open files are few for many ranks on a node; raise the limit:", open);
        tren_doctor_paste(e, "ulimit -n %d", FEW_FILES);
    } else
        tren_doctor_add(e, "limits", TREN_HEALTH_OK,
                        "%s open files; stack, data and file sizes are sufficient; core files %s",
                        open, dump);
}

static void look_at_memory(tren_examination *e) {
    enum { LEAST = 256 << 20 };
    tren_memory_free found = {.bytes = INFINITY};
    tren_memory_find_free(&found, "", (tren_memory_share){e->processes, e->node_memory});
    if (isinf(found.bytes))
        tren_doctor_add(
            e, "memory", TREN_HEALTH_WARNING,
            "neither the kernel nor a control group reports the memory; watch it with 'free -m'");
    else if (found.bytes < LEAST)
        tren_doctor_add(e, "memory", TREN_HEALTH_WARNING, "only %.0f MiB per process (%s); %s",
                        found.bytes / 0x1p20, found.why, found.remedy);
    else
        tren_doctor_add(e, "memory", TREN_HEALTH_OK, "%.1f GiB per process (%s)",
                        found.bytes / 0x1p30, found.why);
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

static void look_at_blas(tren_examination *e) {
    char version[128];
    const char *wanted = tren_blas_core_wanted();
    tren_blas_version(version, sizeof version);
    if (tren_blas_reserve() != TREN_OK)
        tren_doctor_add(e, "BLAS", TREN_HEALTH_PROBLEM, "%s", tren_error_text());
    else if (wanted) {
        tren_doctor_add(e, "BLAS", TREN_HEALTH_WARNING,
                        "OpenBLAS uses the slow kernels of core type %s; name the right one:",
                        tren_blas_core());
        tren_doctor_paste(e, "export OPENBLAS_CORETYPE=%s", wanted);
    } else
        tren_doctor_add(e, "BLAS", TREN_HEALTH_OK, "core type %s, %s", tren_blas_core(), version);
}

static void look_at_cpu(tren_examination *e) {
    char model[256] = "an unnamed CPU", line[512];
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "model name", 10) != 0 || !strchr(line, ':')) continue;
        snprintf(model, sizeof model, "%.200s", strchr(line, ':') + 2);
        model[strcspn(model, "\n")] = '\0';
        break;
    }
    if (file) fclose(file);
    tren_doctor_add(e, "CPU", TREN_HEALTH_OK, "level %s, %s", tren_kernels_best()->level, model);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Nanoseconds of a call, or -1: the clock went back. */
static double time_of_call(void) {
    enum { CALLS = 20000 };
    double first = tren_seconds(), before = first;
    for (int i = 0; i < CALLS; i++) {
        double now = tren_seconds();
        if (now < before) return -1;
        before = now;
    }
    return (before - first) / CALLS * 1e9;
}

static void look_at_clock(tren_examination *e) {
    enum { SLOW = 2000 };
    char source[64] = "unknown";
    static const time_t long_ago = 1704067200; /* 2024 */
    double ns = time_of_call();
    FILE *file = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
    if (file && fscanf(file, "%63s", source) != 1) strcpy(source, "unknown");
    if (file) fclose(file);
    if (ns < 0)
        tren_doctor_add(
            e, "clock", TREN_HEALTH_PROBLEM,
            "CLOCK_MONOTONIC (%s) went backwards; ask the administrator for another clocksource",
            source);
    else if (time(NULL) < long_ago)
        tren_doctor_add(
            e, "clock", TREN_HEALTH_WARNING,
            "the date is before 2024; set the clock (NTP), because file times and logs are wrong");
    else if (ns > SLOW)
        tren_doctor_add(e, "clock", TREN_HEALTH_WARNING,
                        "reading the time takes %.0f ns (clocksource %s); ask the administrator "
                        "for the clocksource tsc",
                        ns, source);
    else
        tren_doctor_add(e, "clock", TREN_HEALTH_OK,
                        "monotonic, clocksource %s, %.0f ns per reading", source, ns);
}

/* ---- pictures -------------------------------------------------------------------------------- */

static void look_at_gnuplot(tren_examination *e) {
    char version[128] = "";
    FILE *script = tmpfile(), *picture = tmpfile();
    bool made = script && picture;
    if (made) fputs("print GPVAL_VERSION\n", script);
    if (!made)
        tren_doctor_add(e, "gnuplot", TREN_HEALTH_WARNING,
                        "not tried: cannot make a temporary file");
    else if (tren_gnuplot(script, picture, version, sizeof version) != TREN_OK)
        tren_doctor_add(e, "gnuplot", TREN_HEALTH_WARNING, "%s; or train with --no-plots",
                        tren_error_text());
    else
        tren_doctor_add(e, "gnuplot", TREN_HEALTH_OK, "version %s", version);
    if (script) fclose(script);
    if (picture) fclose(picture);
}

void tren_doctor_machine(tren_examination *e) {
    look_at_cpu(e);
    look_at_blas(e);
    look_at_limits(e);
    look_at_memory(e);
    look_at_clock(e);
    look_at_gnuplot(e);
}
