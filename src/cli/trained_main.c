/* The frame of the commands about trained weights. */
#include "cli/console.h"
#include "cli/mpi_start.h"
#include "cli/trained.h"

int tren_trained_main(const tren_trained_command *c, tren_status parsed, char **argv) {
    tren_comm comm;
    tren_trained trained = {0};
    tren_status st = parsed;
    if (st == TREN_OK) st = tren_trained_find(&trained, c->trained, argv);
    if (st == TREN_OK) st = tren_mpi_start(&comm, TREN_START_SECONDS);
    if (st != TREN_OK) {
        tren_trained_close(&trained);
        return tren_cli_fail(c->name, st);
    }
    bool speaks = comm.rank == 0;
    st = c->run(&comm, c->args, &trained);
    tren_comm_close(&comm);
    tren_trained_close(&trained);
    return tren_cli_fail_agreed(c->name, st, speaks);
}
