#include "cli/stop_signal.h"

#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* Handlers can reach nothing but what is global. */
volatile sig_atomic_t tren_stop_signal, tren_mpi_starting;

static void remember(int number) {
    enum { PATIENCE = 5 }; /* seconds for MPI, which mostly needs less than one */
    tren_stop_signal = number;
    if (tren_mpi_starting) alarm(PATIENCE);
}

/* UCX, which MPICH links, takes SIGHUP when the library is loaded, before main. Only this array of
 * the program is run before the constructors of its libraries. */
static bool hup_was_ignored, catching;

static void note_hup(void) {
    struct sigaction found;
    hup_was_ignored = sigaction(SIGHUP, NULL, &found) == 0 && found.sa_handler == SIG_IGN;
}
__attribute__((section(".preinit_array"),
               used)) static void (*const before_libraries)(void) = note_hup;

static void catch_one(int number, int flags) {
    sigaction(number, &(struct sigaction){.sa_handler = remember, .sa_flags = SA_RESTART | flags},
              NULL);
}

void tren_stop_signal_mind_hup(void) {
    if (hup_was_ignored)
        signal(SIGHUP, SIG_IGN);
    else if (catching)
        catch_one(SIGHUP, 0);
}

void tren_stop_signal_catch(void) {
    catching = true;
    catch_one(SIGUSR1, 0);
    catch_one(SIGTERM, 0);
    catch_one(SIGINT, (int)SA_RESETHAND);
    tren_stop_signal_mind_hup();
}
