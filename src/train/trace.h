/* Private to train: what each rank did when, kept in memory and written as one file at the end, in
 * the trace event format of Chrome ("Trace Event Format", JSON object form), which Perfetto and
 * chrome://tracing show. */
#ifndef TREN_TRAIN_TRACE_H
#define TREN_TRAIN_TRACE_H

#include "tren/comm.h"
#include "tren/config.h"
#include "tren/nn.h"

typedef enum tren_trace_kind {
    TRACE_PHASE,    /* which: tren_phase */
    TRACE_STEP,     /* of its epoch */
    TRACE_EPOCH,    /* from 0 */
    TRACE_WAIT,     /* the rank whose message was missing */
    TRACE_FORWARD,  /* layer */
    TRACE_BACKWARD, /* layer */
    TRACE_KINDS
} tren_trace_kind;

typedef struct tren_trace_event {
    double begin, end; /* of this rank's tren_seconds() */
    int32_t kind, which;
} tren_trace_event;

typedef struct tren_trace {
    tren_trace_event *at;  /* [room] owned; NULL: there is no trace */
    int64_t n, room, lost; /* lost: those that came when it was full */
    double wait_since;     /* 0: no message is waited for */
    int peer;
    double layer_since;
    bool layers;
    tren_clock_gap first;                              /* of the clocks, when it was opened */
    char path[TREN_MAX_PATH], tmp[TREN_MAX_PATH + 64]; /* rank 0 */
} tren_trace;

/* Bytes that a rank of `size` keeps. */
double trace_bytes(int size);
/* Room for the events, the file made beside its name, and the clocks compared. TREN_ERR_USAGE: the
 * path is that of another file; TREN_ERR_ENV: it cannot be written. Collective */
tren_status trace_open(tren_trace *trace, const tren_comm *comm, const char *path, bool layers);
/* One file of all ranks' events. TREN_ERR_ENV. Collective */
tren_status trace_write(tren_trace *trace, const tren_comm *comm, const tren_graph *graph);
void trace_close(tren_trace *trace); /* accepts the empty value; removes what was not written */

/* Neither fails nor allocates. trace may be NULL. */
static inline void trace_add(tren_trace *t, tren_trace_kind kind, int which, double begin,
                             double end) {
    if (!t || !t->at || end <= begin) return;
    if (t->n < t->room)
        t->at[t->n++] = (tren_trace_event){begin, end, (int32_t)kind, (int32_t)which};
    else
        t->lost++;
}
/* peer -1: no longer. For tren_watch. */
void trace_waits(void *trace, int peer);
void trace_layer(void *trace, const tren_layer *layer, bool backward, bool begins);

#endif
