/* For the tests: with TREN_TEST_KILL=renamed:3 a run dies without warning the third time it comes
 * to that point; with TREN_TEST_TAKE_HUP SIGHUP is taken before main begins, as UCX's library does;
 * with TREN_TEST_FAIL_ALLOCATION=3 the third allocation while a network is built fails.
 * Linked into a program of its own; tren itself knows nothing of it. */
#include "tren/models.h"
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

tren_status real_evaluate(tren_scores *scores, tren_evaluator *e,
                          const tren_comm *comm) __asm__("__real_tren_evaluate");
tren_status wrapped_evaluate(tren_scores *scores, tren_evaluator *e,
                             const tren_comm *comm) __asm__("__wrap_tren_evaluate");

tren_status wrapped_evaluate(tren_scores *scores, tren_evaluator *e, const tren_comm *comm) {
    if (comm->rank == 0) die_at(NULL, "evaluate"); /* the other ranks are at it */
    return real_evaluate(scores, e, comm);
}

static void leave(int number) {
    _exit(number);
}

__attribute__((constructor)) static void take_hup(void) {
    if (getenv("TREN_TEST_TAKE_HUP")) signal(SIGHUP, leave);
}

/* ---- memory runs out ---------------------------------------------------------------------------
 */

void *real_calloc(size_t n, size_t size) __asm__("__real_calloc");
void *real_realloc(void *at, size_t size) __asm__("__real_realloc");
void *wrapped_calloc(size_t n, size_t size) __asm__("__wrap_calloc");
void *wrapped_realloc(void *at, size_t size) __asm__("__wrap_realloc");
tren_status real_build(tren_graph **graph, const tren_config *config,
                       const tren_dataset_info *info) __asm__("__real_tren_model_build");
tren_status wrapped_build(tren_graph **graph, const tren_config *config,
                          const tren_dataset_info *info) __asm__("__wrap_tren_model_build");

static int allocations; /* until one fails; 0: none does */

static bool fails(void) {
    return allocations > 0 && --allocations == 0;
}

void *wrapped_calloc(size_t n, size_t size) {
    return fails() ? NULL : real_calloc(n, size);
}

void *wrapped_realloc(void *at, size_t size) {
    return fails() ? NULL : real_realloc(at, size);
}

tren_status wrapped_build(tren_graph **graph, const tren_config *config,
                          const tren_dataset_info *info) {
    const char *wish = getenv("TREN_TEST_FAIL_ALLOCATION");
    allocations = wish ? atoi(wish) : 0;
    tren_status st = real_build(graph, config, info);
    allocations = 0;
    return st;
}
