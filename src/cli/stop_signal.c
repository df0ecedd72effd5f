#include "cli/stop_signal.h"

#include <stddef.h>

volatile sig_atomic_t tren_stop_signal; /* handlers can reach nothing but what is global */

static void remember(int number) {
    tren_stop_signal = number;
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
