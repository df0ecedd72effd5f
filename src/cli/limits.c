/* The limits of this process that are too low for anything to work. */
#include "cli/launch.h"

#include <sys/resource.h>

typedef struct least {
    int which;
    const char *what, *option; /* of ulimit */
    rlim_t unit;               /* of ulimit */
    rlim_t needs, better;      /* in these units */
} least;

/* Measured with Open MPI 4.1 and HDF5 1.10, which need about half of these. */
static const least leasts[] = {
    {RLIMIT_NOFILE, "open files", "-n", 1, 64, 1024},
    {RLIMIT_STACK, "KiB of stack", "-s", 1024, 512, 8192},
    {RLIMIT_AS, "KiB of address space", "-v", 1024, 512 * 1024, 4096 * 1024},
    {RLIMIT_DATA, "KiB of data", "-d", 1024, 256 * 1024, 4096 * 1024},
};

tren_status tren_launch_check_limits(void) {
    for (size_t i = 0; i < sizeof leasts / sizeof *leasts; i++) {
        const least *l = &leasts[i];
        struct rlimit limit;
        if (getrlimit(l->which, &limit) != 0 || limit.rlim_cur >= l->needs * l->unit) continue;
        return tren_fail(TREN_ERR_ENV,
                         "this process may have %llu %s, and MPI and HDF5 need at least %llu; "
                         "raise the limit with 'ulimit %s %llu' (or as high as it may be)",
                         (unsigned long long)(limit.rlim_cur / l->unit), l->what,
                         (unsigned long long)l->needs, l->option, (unsigned long long)l->better);
    }
    return TREN_OK;
}
