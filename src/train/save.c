/* Checkpoints of a run: what is gathered, and when it may fail. */
#include "train/checkpoint.h"
#include "train/trainer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_folder(const tren_trainer *t) {
    return t->run.config->out[0] != '\0';
}

typedef struct collector {
    tren_trainer *t;
    int done;
} collector;

static void collect(void *ctx, real *full, int i) {
    collector *c = ctx;
    const tren_minimiser *m = &c->t->minimiser;
    m->kind->collect(m, full, i);
    c->done++;
}

bool trainer_follow_folder(tren_trainer *t) {
    char before[TREN_MAX_PATH];
    snprintf(before, sizeof before, "%s", t->saver.folder.path);
    bool moved = tren_folder_follow(&t->saver.folder);
    if (moved)
        trainer_say(t,
                    "warning: the run folder %s was moved to %s during the run: all its files are "
                    "there, and new files go there",
                    before, t->saver.folder.path);
    return moved;
}

bool trainer_folder_explains(tren_trainer *t) {
    if (t->run.comm->rank > 0) return false;
    if (trainer_follow_folder(t)) return true;
    if (!tren_folder_is_gone(&t->saver.folder)) return false;
    if (!t->saver.told_gone)
        trainer_say(
            t,
            "warning: the run folder %s was removed or replaced during the run: nothing can be "
            "saved; training continues, but ends with exit code 3 unless the folder is back by "
            "then",
            t->saver.folder.path);
    t->saver.told_gone = true;
    return true;
}

/* What cannot be written because the folder is gone is told so. */
static tren_status write_checkpoint(tren_trainer *t, const char *name, const char *previous,
                                    const tren_checkpoint_arrays *arrays) {
    trainer_follow_folder(t);
    if (tren_folder_is_others(&t->saver.folder)) return tren_folder_check(&t->saver.folder);
    tren_status st =
        tren_checkpoint_write(t->saver.folder.path, name, previous, &t->stands, arrays);
    if (st != TREN_OK && access(t->saver.folder.path, F_OK) != 0)
        return tren_folder_check(&t->saver.folder);
    if (st == TREN_OK) tren_folder_note(&t->saver.folder, name);
    return st;
}

static tren_status write_best(tren_trainer *t, const real *value) {
    tren_checkpoint_arrays arrays = {.graph = t->run.graph, .value = value};
    return write_checkpoint(t, "best.h5", NULL, &arrays);
}

/* Rank 0. last.h5 names the best weights, so best.h5 comes first; and a damaged last.h5 must not
 * take the place of the good previous.h5. */
static tren_status write_in_order(tren_trainer *t, const tren_checkpoint_arrays *arrays) {
    if (t->saver.best_waits) TREN_TRY(write_best(t, t->saver.best.at));
    t->saver.best_waits = false;
    const char *previous = t->saver.last_damaged ? NULL : "previous.h5";
    TREN_TRY(write_checkpoint(t, "last.h5", previous, arrays));
    t->saver.last_damaged = false;
    return TREN_OK;
}

/* Where they are is said as people count: after the last step that was done. */
static tren_status weights_diverged(const tren_trainer *t) {
    const tren_position *at = &t->stands.at;
    char place[64], remedy[TRAINER_REMEDY];
    if (at->step == 0)
        snprintf(place, sizeof place, "epoch %lld", (long long)at->epoch);
    else
        snprintf(place, sizeof place, "epoch %lld, step %lld", (long long)at->epoch + 1,
                 (long long)at->step);
    return tren_fail(TREN_ERR_DIVERGED,
                     "the weights are not finite after %s: training has diverged; %s%s", place,
                     trainer_remedy(remedy, t),
                     t->saver.has_saved ? "; the previous checkpoint is kept" : "");
}

/* The gradients are not needed between steps, so their arena is the room for gathered states. */
static tren_status write_last(tren_trainer *t) {
    collector c = {.t = t};
    tren_checkpoint_arrays arrays = {.graph = t->run.graph,
                                     .value = t->run.value,
                                     .n_states = t->minimiser.n_states,
                                     .state_name = t->minimiser.state_name,
                                     .n_scalars = t->minimiser.optimizer->n_scalars,
                                     .state = collect,
                                     .room = tren_reducer_node(t->run.reducer)[0],
                                     .ctx = &c,
                                     .hook = t->options->hook,
                                     .hook_ctx = t->options->ctx};
    tren_status st = TREN_OK;
    if (t->run.comm->rank == 0) {
        if (!t->run.graph->kernels->all_finite(t->run.value, t->run.n_values))
            st = weights_diverged(t);
        else
            st = write_in_order(t, &arrays);
    }
    while (c.done < t->minimiser.n_states)
        collect(&c, arrays.room, c.done); /* the others, or after a failure */
    return tren_comm_agree(t->run.comm, st);
}

tren_status trainer_save(tren_trainer *t, bool must) {
    if (!has_folder(t)) return TREN_OK;
    tren_phase before = clock_enter(&t->report.clock, TREN_PHASE_CHECKPOINT);
    const tren_minimiser *m = &t->minimiser;
    if (m->kind->put) m->kind->put(m, t->stands.scalar);
    t->stands.at.seconds = t->report.resumed_seconds + (tren_seconds() - t->options->started);
    tren_status st = write_last(t);
    t->run.asks.last_save = tren_seconds();
    if (st == TREN_OK) tren_watchdog_saved(t->report.watchdog);
    t->saver.has_saved |= st == TREN_OK;
    clock_enter(&t->report.clock, before);
    if (st == TREN_ERR_DIVERGED) t->report.result->end.reason = TREN_STOP_DIVERGED;
    if (st == TREN_OK || must || st == TREN_ERR_DIVERGED) return st;
    if (!trainer_folder_explains(t))
        trainer_say(t, "warning: this checkpoint failed, training continues: %s",
                    tren_error_text());
    return TREN_OK;
}

/* So that a disk that is full for a while does not cost the best weights, nor a best epoch of scg
 * the time of a file. */
static bool keep_in_memory(tren_trainer *t) {
    if (!t->saver.best.at && tren_arena_open(&t->saver.best, t->run.n_values) != TREN_OK)
        return false;
    memcpy(t->saver.best.at, t->run.value, t->run.n_values * sizeof(real));
    return true;
}

tren_status trainer_save_best(tren_trainer *t) {
    if (t->run.comm->rank > 0) return TREN_OK;
    if (!has_folder(t)) {
        memcpy(t->saver.best.at, t->run.value, t->run.n_values * sizeof(real));
        return TREN_OK;
    }
    t->saver.best_waits = t->minimiser.kind->save_period > 0 && keep_in_memory(t);
    if (t->saver.best_waits) return TREN_OK;
    tren_phase before = clock_enter(&t->report.clock, TREN_PHASE_CHECKPOINT);
    tren_status st = TREN_OK;
    if (t->run.graph->kernels->all_finite(t->run.value, t->run.n_values))
        st = write_best(t, t->run.value);
    clock_enter(&t->report.clock, before);
    t->saver.best_waits = st != TREN_OK && keep_in_memory(t);
    if (st != TREN_OK && !trainer_folder_explains(t))
        trainer_say(t, "warning: the best weights could not be saved: %s%s", tren_error_text(),
                    t->saver.best_waits ? "; they are kept in memory until the next checkpoint"
                                        : "");
    return TREN_OK;
}

static tren_status check_digest(const tren_trainer *t, const tren_position *at) {
    uint64_t digest = tren_digest(t->run.value, t->run.n_values * sizeof(real));
    if (digest == at->best_digest) return TREN_OK;
    return tren_fail(TREN_ERR_CHECKPOINT, "the digest of its weights is %016llx, not %016llx",
                     (unsigned long long)digest, (unsigned long long)at->best_digest);
}

/* Rank 0: reads best.h5 into the values. *missing: the file is from a later epoch than `at`,
 * because a launch that was killed had reached it. */
static tren_status read_best(tren_trainer *t, const tren_position *at, bool *missing) {
    char path[TREN_MAX_PATH + 16];
    tren_checkpoint best;
    tren_folder_path(path, sizeof path, &t->saver.folder, "best.h5");
    tren_status st = tren_checkpoint_read(&best, path);
    bool later = st == TREN_OK && best.at.best_epoch > at->best_epoch;
    if (st == TREN_OK) {
        tren_checkpoint_close(&best);
        st = tren_checkpoint_read_values(t->run.value, path, t->run.graph);
    }
    if (st == TREN_OK) st = check_digest(t, at);
    *missing = st != TREN_OK && later;
    if (st == TREN_OK || *missing) return TREN_OK;
    return tren_fail(TREN_ERR_CHECKPOINT,
                     "%s does not hold the best weights, those of epoch %lld (%s); all else is "
                     "saved: train again from the start to get them back",
                     path, (long long)at->best_epoch, tren_error_text());
}

void trainer_check_best(tren_trainer *t, const tren_position *at) {
    bool missing;
    t->saver.best_lost = at->best_epoch > 0 && read_best(t, at, &missing) != TREN_OK;
    if (t->saver.best_lost) trainer_say(t, "warning: %s", tren_error_text());
}

/* Rank 0. */
static tren_status take_best(tren_trainer *t, bool *missing) {
    const tren_position *at = &t->stands.at;
    trainer_follow_folder(t);
    if (!has_folder(t) || t->saver.best_waits) {
        memcpy(t->run.value, t->saver.best.at, t->run.n_values * sizeof(real));
        return check_digest(t, at);
    }
    TREN_TRY(read_best(t, at, missing));
    if (*missing)
        trainer_say(t,
                    "warning: no test: %s/best.h5 is from a later epoch, which a killed launch "
                    "had reached; the run comes there again with --resume",
                    t->saver.folder.path);
    return TREN_OK;
}

tren_status trainer_restore_best(tren_trainer *t, bool *missing) {
    tren_status st = TREN_OK;
    *missing = false;
    tren_comm_barrier(
        t->run.comm); /* the ranks may share the values: all are done with those of the last step */
    if (t->run.comm->rank == 0) st = take_best(t, missing);
    st = tren_comm_agree(t->run.comm, st);
    tren_comm_bcast(t->run.comm, missing, sizeof *missing);
    tren_reducer_share_values(t->run.reducer);
    return st;
}
