/* The limits of this process that are too low for anything to work. */
#include "cli/launch.h"

#include <sys/resource.h>

typedef struct least {
    int which;
    const char *what, *option; /* of ulimit */
    rlim_t unit;               /* of ulimit */
    rlim_t needs, better;      /* in these units */
    bool mpi;                  /* only commands that start MPI */
} least;

/* Measured with Open MPI 4.1 and HDF5 1.10, which need about half of these. */
static const least leasts[] = {
    {RLIMIT_NOFILE, "open files", "-n", 1, 64, 1024, false},
    {RLIMIT_STACK, "KiB of stack", "-s", 1024, 512, 8192, false},
    {RLIMIT_AS, "KiB of address space", "-v", 1024, 512 * 1024, 4096 * 1024, false},
    {RLIMIT_DATA, "KiB of data", "-d", 1024, 256 * 1024, 4096 * 1024, false},
    /* MPI maps files of 4 MiB. */
    {RLIMIT_FSIZE, "KiB in a file", "-f", 1024, 8 * 1024, 1024 * 1024, true},
};

tren_status tren_launch_check_limits(bool mpi) {
    for (size_t i = 0; i < sizeof leasts / sizeof *leasts; i++) {
        const least *l = &leasts[i];
        struct rlimit limit;
        if (l->mpi && !mpi) continue;
        if (getrlimit(l->which, &limit) != 0 || limit.rlim_cur >= l->needs * l->unit) continue;
        return tren_fail(TREN_ERR_ENV,
                         "this process may have %llu %s, but MPI and HDF5 need at least %llu; "
                         "raise the limit with 'ulimit %s %llu' (or as high as allowed)",
                         (unsigned long long)(limit.rlim_cur / l->unit), l->what,
                         (unsigned long long)l->needs, l->option, (unsigned long long)l->better);
    }
    return TREN_OK;
}
