#include "cli/stop_signal.h"

#include <stddef.h>
#include <unistd.h>

/* Handlers can reach nothing but what is global. */
volatile sig_atomic_t tren_stop_signal, tren_mpi_starting;

static void remember(int number) {
    enum { PATIENCE = 5 }; /* seconds for MPI, which mostly needs less than one */
    tren_stop_signal = number;
    if (tren_mpi_starting) alarm(PATIENCE);
}

void tren_stop_signal_catch(void) {
    static const int caught[] = {SIGUSR1, SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) {
        struct sigaction before, action = {.sa_handler = remember, .sa_flags = SA_RESTART};
        sigaction(caught[i], NULL, &before);
        if (caught[i] == SIGHUP && before.sa_handler == SIG_IGN) continue;
        if (caught[i] == SIGINT) action.sa_flags |= (int)SA_RESETHAND;
        sigaction(caught[i], &action, NULL);
    }
}
