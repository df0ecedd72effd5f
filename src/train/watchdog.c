#include "train/watchdog.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct tren_watchdog {
    const tren_watch *watch; /* not owned */
    int rank;
    double timeout;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    atomic_bool has_checkpoint;
};

/* Only what is there can be gone on from. */
static const char *remedy(const tren_watchdog *dog) {
    return atomic_load(&dog->has_checkpoint)
               ? "the last checkpoint is good: start again with --resume"
               : "no checkpoint was written yet: --resume begins anew";
}

/* By write, as the main thread may hold the lock of stderr; then _exit, as it may hold anything
 * else. mpirun and srun end the other ranks. */
static void bite(const tren_watchdog *dog) {
    const tren_watch *w = dog->watch;
    char text[640], missing[128];
    int peer = atomic_load(&w->peer);
    if (peer >= 0)
        snprintf(
            missing, sizeof missing,
            "the message of rank %d is missing (if rank %d reports nothing, it is the stuck one)",
            peer, peer);
    else
        snprintf(missing, sizeof missing, "this rank itself is stuck, or waits in a collective");
    int n = snprintf(text, sizeof text,
                     "tren: rank %d has made no progress for %g s in phase %s at epoch %d, step "
                     "%lld: %s. Giving up "
                     "(exit code %d); %s. If a "
                     "step may take this "
                     "long, raise --stall_timeout\n",
                     dog->rank, dog->timeout, tren_phase_name[atomic_load(&w->phase)],
                     atomic_load(&w->epoch) + 1, (long long)atomic_load(&w->step), missing,
                     TREN_ERR_STALLED, remedy(dog));
    ssize_t ignored = write(STDERR_FILENO, text, (size_t)n);
    (void)ignored;
    nanosleep(&(struct timespec){.tv_nsec = 300000000},
              NULL); /* the first to leave ends all: let others speak */
    _exit(TREN_ERR_STALLED);
}

/* Waits that long, or until there is nothing to watch any more. Returns whether the process was
 * stopped meanwhile and goes on (Ctrl-Z and fg, a suspended machine): then it has not been stuck.
 */
static bool sleep_a_little(tren_watchdog *dog, double nap) {
    double before = tren_seconds();
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    long nanoseconds = until.tv_nsec + (long)((nap - (double)(time_t)nap) * 1e9);
    until.tv_sec += (time_t)nap + nanoseconds / 1000000000L;
    until.tv_nsec = nanoseconds % 1000000000L;
    pthread_cond_timedwait(&dog->wake, &dog->lock, &until);
    return tren_seconds() - before >= 2 * nap;
}

/* A launcher that ends a job wakes a stopped rank first and kills it seconds later (Open MPI 4:
 * two). Meanwhile that rank waits for ranks that have left, and must not say that it is stuck. */
enum { SECONDS_TO_END_A_JOB = 10 };

static void *keep_watch(void *arg) {
    tren_watchdog *dog = arg;
    uint64_t beat = 0;
    double idle = 0, grace = 0, nap = dog->timeout / 8 < 1 ? dog->timeout / 8 : 1;
    pthread_mutex_lock(&dog->lock);
    while (!dog->stop) {
        bool was_stopped = sleep_a_little(dog, nap);
        grace = was_stopped ? SECONDS_TO_END_A_JOB : grace - nap;
        uint64_t now = atomic_load(&dog->watch->beat);
        idle = now != beat ? 0 : idle + nap;
        beat = now;
        if (!dog->stop && idle >= dog->timeout && grace <= 0) bite(dog);
    }
    pthread_mutex_unlock(&dog->lock);
    return NULL;
}

tren_status tren_watchdog_open(tren_watchdog **dog, const tren_watch *watch, int rank,
                               double timeout) {
    *dog = NULL;
    if (timeout <= 0) return TREN_OK;
    tren_watchdog *d = NULL;
    TREN_TRY(tren_alloc(&d, 1, sizeof *d, "the watchdog"));
    d->watch = watch;
    d->rank = rank;
    d->timeout = timeout;
    pthread_mutex_init(&d->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&d->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int error = pthread_create(&d->thread, NULL, keep_watch, d);
    if (error != 0) {
        free(d);
        return tren_fail(TREN_ERR_ENV,
                         "cannot start the watchdog thread: %s; raise the limits of "
                         "processes and memory (ulimit -u, ulimit -v), or set stall_timeout: 0",
                         strerror(error));
    }
    *dog = d;
    return TREN_OK;
}

void tren_watchdog_saved(tren_watchdog *dog) {
    if (dog) atomic_store(&dog->has_checkpoint, true);
}

void tren_watchdog_close(tren_watchdog *dog) {
    if (!dog) return;
    pthread_mutex_lock(&dog->lock);
    dog->stop = true;
    pthread_cond_signal(&dog->wake);
    pthread_mutex_unlock(&dog->lock);
    pthread_join(dog->thread, NULL);
    pthread_mutex_destroy(&dog->lock);
    pthread_cond_destroy(&dog->wake);
    free(dog);
}
