/* tren launch [float|double]: what the program knows about its launch, for the tests and for
 * puzzled people. */
#include "cli/cmd.h"
#include "cli/console.h"
#include "cli/launch.h"
#include "cli/mpirun.h"
#include "tren/kernels.h"

#include <string.h>

static tren_status print_launch(int argc, char **argv) {
    if (argc > 1) {
        bool is_double = strcmp(argv[1], "double") == 0;
        if (!is_double && strcmp(argv[1], "float") != 0)
            return tren_fail(TREN_ERR_USAGE,
                             "'%.40s': this command takes float, double or nothing, and prints how "
                             "this program is started; ranks are started by '%s -n 2 tren train'",
                             argv[1], tren_mpirun_path());
        TREN_TRY(
            tren_launch_precision(is_double ? TREN_PRECISION_DOUBLE : TREN_PRECISION_FLOAT, argv));
    }
    printf("precision: %s\n", TREN_REAL_NAME);
    printf("core: %s\n", tren_blas_core());
    printf("first: %s\n", tren_launch_is_first() ? "yes" : "no");
    printf("stdout watched: %s\n", tren_launch_watched(1) ? "yes" : "no");
    printf("stderr watched: %s\n", tren_launch_watched(2) ? "yes" : "no");
    printf("mpi: %s\n", tren_mpirun_mpi);
    printf("launcher: %s\n", tren_mpirun_path());
    printf("crowd: %s\n", tren_mpirun_crowd);
    return TREN_OK;
}

int tren_cmd_launch(int argc, char **argv) {
    return tren_cli_fail("launch", print_launch(argc, argv));
}
