/* For the tests: with TREN_TEST_KILL=renamed:3 a run dies without warning the third time it comes
 * to that point; with TREN_TEST_TAKE_HUP SIGHUP is taken before main begins, as UCX's library does.
 * Linked into a program of its own; tren itself knows nothing of it. */
#include "tren/train.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void die_at(void *ctx, const char *point) {
    static int left = -1;
    (void)ctx;
    const char *wish = getenv("TREN_TEST_KILL"), *colon = wish ? strchr(wish, ':') : NULL;
    if (!colon || strlen(point) != (size_t)(colon - wish) ||
        strncmp(wish, point, strlen(point)) != 0)
        return;
    if (left < 0) left = atoi(colon + 1);
    if (--left == 0) raise(SIGKILL);
}

tren_status real_train(tren_comm *comm, const tren_config *config,
                       const tren_train_options *options,
                       tren_result *result) __asm__("__real_tren_train");
tren_status wrapped_train(tren_comm *comm, const tren_config *config,
                          const tren_train_options *options,
                          tren_result *result) __asm__("__wrap_tren_train");

/* The linker gives these names to the library's function and to what is called in its place. */
tren_status wrapped_train(tren_comm *comm, const tren_config *config,
                          const tren_train_options *options, tren_result *result) {
    tren_train_options with = *options;
    with.hook = die_at;
    return real_train(comm, config, &with, result);
}

static void leave(int number) {
    _exit(number);
}

__attribute__((constructor)) static void take_hup(void) {
    if (getenv("TREN_TEST_TAKE_HUP")) signal(SIGHUP, leave);
}
