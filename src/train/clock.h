/* Private to train: where the time goes. Every moment belongs to exactly one phase. */
#ifndef TREN_TRAIN_CLOCK_H
#define TREN_TRAIN_CLOCK_H

#include "train/trace.h"

typedef struct tren_clock {
    double spent[TREN_N_PHASES];
    double since;
    tren_phase phase;
    tren_watch *watch; /* not owned */
    tren_trace *trace; /* not owned; NULL: nobody asked for it */
} tren_clock;

static inline void clock_start(tren_clock *clock, double since, tren_watch *watch) {
    *clock = (tren_clock){.since = since, .phase = TREN_PHASE_SETUP, .watch = watch};
}

static inline tren_phase clock_enter(tren_clock *clock, tren_phase phase) {
    double now = tren_seconds();
    tren_phase before = clock->phase;
    clock->spent[before] += now - clock->since;
    if (clock->trace) trace_add(clock->trace, TRACE_PHASE, (int)before, clock->since, now);
    clock->since = now;
    clock->phase = phase;
    atomic_store_explicit(&clock->watch->phase, (int)phase, memory_order_relaxed);
    uint64_t beat = atomic_load_explicit(&clock->watch->beat, memory_order_relaxed);
    atomic_store_explicit(&clock->watch->beat, beat + 1, memory_order_relaxed);
    return before;
}

#endif
