/* For the tests, by LD_PRELOAD: with TREN_TEST_KILL=renamed:3 a run dies without warning the third
 * time it comes to that point; with TREN_TEST_TAKE_HUP the library takes SIGHUP when it is loaded,
 * as UCX does. The program itself knows nothing of it. */
#include "tren/train.h"

#include <dlfcn.h>
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

/* In place of the library's, which is called with a hook. */
tren_status tren_train(tren_comm *comm, const tren_config *config,
                       const tren_train_options *options, tren_result *result) {
    tren_status (*train)(tren_comm *, const tren_config *, const tren_train_options *,
                         tren_result *) = NULL;
    *(void **)&train = dlsym(RTLD_NEXT, "tren_train");
    tren_train_options with = *options;
    with.hook = die_at;
    return train(comm, config, &with, result);
}

static void leave(int number) {
    _exit(number);
}

__attribute__((constructor)) static void take_hup(void) {
    if (getenv("TREN_TEST_TAKE_HUP")) signal(SIGHUP, leave);
}
