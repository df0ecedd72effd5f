/* Checkpoints of a run: what is gathered, when it may fail, and how a run begins again. */
#include "train/checkpoint.h"
#include "train/trainer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool has_folder(const tren_trainer *t) {
    return t->config->out[0] != '\0';
}

typedef struct collector {
    tren_trainer *t;
    int done;
} collector;

static void collect(void *ctx, real *full, int i) {
    collector *c = ctx;
    const tren_trainer *t = c->t;
    if (trainer_iterates(t))
        memcpy(full, t->state[i].at, t->n_values * sizeof *full);
    else
        tren_reducer_collect(t->reducer, full, t->state[i].at);
    c->done++;
}

bool trainer_follow_folder(tren_trainer *t) {
    char before[TREN_MAX_PATH];
    snprintf(before, sizeof before, "%s", t->folder.path);
    bool moved = tren_folder_follow(&t->folder);
    if (moved)
        trainer_say(t,
                    "warning: the run folder %s was moved to %s while the run is going on: all its "
                    "files are, and will be, there",
                    before, t->folder.path);
    return moved;
}

/* Whether a save failed because the folder was moved in the middle of it, which costs this one
 * save, or is gone, which is said once. */
static bool folder_explains(tren_trainer *t) {
    if (t->comm->rank > 0) return false;
    if (trainer_follow_folder(t)) return true;
    if (!tren_folder_is_gone(&t->folder)) return false;
    if (!t->told_gone)
        trainer_say(t,
                    "warning: the run folder %s was removed or replaced while the run is going on: "
                    "nothing can be saved; training goes on, and will end with exit code 3 unless "
                    "the folder is back by then",
                    t->folder.path);
    t->told_gone = true;
    return true;
}

/* What cannot be written because the folder is gone is told so. */
static tren_status write_checkpoint(tren_trainer *t, const char *name, const char *previous,
                                    const tren_checkpoint_arrays *arrays) {
    trainer_follow_folder(t);
    if (tren_folder_is_others(&t->folder)) return tren_folder_check(&t->folder);
    tren_status st = tren_checkpoint_write(t->folder.path, name, previous, &t->state_of, arrays);
    if (st != TREN_OK && access(t->folder.path, F_OK) != 0) return tren_folder_check(&t->folder);
    if (st == TREN_OK) tren_folder_note(&t->folder, name);
    return st;
}

static tren_status write_best(tren_trainer *t, const real *value) {
    tren_checkpoint_arrays arrays = {.graph = t->graph, .value = value};
    return write_checkpoint(t, "best.h5", NULL, &arrays);
}

/* Rank 0. last.h5 names the best weights, so best.h5 comes first; and a damaged last.h5 must not
 * take the place of the good previous.h5. */
static tren_status write_in_order(tren_trainer *t, const tren_checkpoint_arrays *arrays) {
    if (t->best_waits) TREN_TRY(write_best(t, t->best.at));
    t->best_waits = false;
    const char *previous = t->last_damaged ? NULL : "previous.h5";
    TREN_TRY(write_checkpoint(t, "last.h5", previous, arrays));
    t->last_damaged = false;
    return TREN_OK;
}

/* Where they are is said as people count: after the last step that was done. */
static tren_status weights_diverged(const tren_trainer *t) {
    const tren_position *at = &t->state_of.at;
    char place[64], remedy[TRAINER_REMEDY];
    if (at->step == 0)
        snprintf(place, sizeof place, "epoch %lld", (long long)at->epoch);
    else
        snprintf(place, sizeof place, "epoch %lld, step %lld", (long long)at->epoch + 1,
                 (long long)at->step);
    return tren_fail(
        TREN_ERR_DIVERGED, "the weights are not finite after %s: training has diverged; %s%s",
        place, trainer_remedy(remedy, t), t->has_saved ? "; the checkpoint before is kept" : "");
}

/* The gradients are not needed between steps, so their arena is the room for gathered states. */
static tren_status write_last(tren_trainer *t) {
    collector c = {.t = t};
    tren_checkpoint_arrays arrays = {.graph = t->graph,
                                     .value = t->value,
                                     .optimizer = t->optimizer,
                                     .state = collect,
                                     .room = tren_reducer_node(t->reducer)[0],
                                     .ctx = &c,
                                     .hook = t->options->hook,
                                     .hook_ctx = t->options->ctx};
    tren_status st = TREN_OK;
    if (t->comm->rank == 0) {
        if (!t->graph->kernels->all_finite(t->value, t->n_values))
            st = weights_diverged(t);
        else
            st = write_in_order(t, &arrays);
    }
    while (c.done < t->optimizer->n_states)
        collect(&c, arrays.room, c.done); /* the others, or after a failure */
    return tren_comm_agree(t->comm, st);
}

tren_status trainer_save(tren_trainer *t, bool must) {
    if (!has_folder(t)) return TREN_OK;
    tren_phase before = clock_enter(&t->clock, TREN_PHASE_CHECKPOINT);
    if (trainer_iterates(t)) tren_scg_put(t->state_of.scalar, &t->scg);
    t->state_of.at.seconds = t->resumed_seconds + (tren_seconds() - t->options->started);
    tren_status st = write_last(t);
    t->last_save = tren_seconds();
    if (st == TREN_OK) tren_watchdog_saved(t->watchdog);
    t->has_saved |= st == TREN_OK;
    clock_enter(&t->clock, before);
    if (st == TREN_ERR_DIVERGED) t->result->reason = TREN_STOP_DIVERGED;
    if (st == TREN_OK || must || st == TREN_ERR_DIVERGED) return st;
    if (!folder_explains(t))
        trainer_say(t, "warning: this checkpoint failed, training goes on: %s", tren_error_text());
    return TREN_OK;
}

/* So that a disk that is full for a while does not cost the best weights, nor a best epoch of scg
 * the time of a file. */
static bool keep_in_memory(tren_trainer *t) {
    if (!t->best.at && tren_arena_open(&t->best, t->n_values) != TREN_OK) return false;
    memcpy(t->best.at, t->value, t->n_values * sizeof(real));
    return true;
}

tren_status trainer_save_best(tren_trainer *t) {
    if (t->comm->rank > 0) return TREN_OK;
    if (!has_folder(t)) {
        memcpy(t->best.at, t->value, t->n_values * sizeof(real));
        return TREN_OK;
    }
    t->best_waits = trainer_iterates(t) && keep_in_memory(t);
    if (t->best_waits) return TREN_OK;
    tren_phase before = clock_enter(&t->clock, TREN_PHASE_CHECKPOINT);
    tren_status st = TREN_OK;
    if (t->graph->kernels->all_finite(t->value, t->n_values)) st = write_best(t, t->value);
    clock_enter(&t->clock, before);
    t->best_waits = st != TREN_OK && keep_in_memory(t);
    if (st != TREN_OK && !folder_explains(t))
        trainer_say(t, "warning: the best weights could not be saved: %s%s", tren_error_text(),
                    t->best_waits ? "; they are kept in memory until the next checkpoint" : "");
    return TREN_OK;
}

/* best.h5 as a killed launch left it may be of a later epoch than the checkpoint that this one
 * began from. */
static bool is_later(const tren_trainer *t, const char *path) {
    tren_checkpoint best;
    if (tren_checkpoint_read(&best, path) != TREN_OK) return false;
    bool later = best.at.best_epoch > t->state_of.at.best_epoch;
    tren_checkpoint_close(&best);
    return later;
}

/* Rank 0. */
static tren_status read_best(tren_trainer *t, bool *missing) {
    const tren_position *at = &t->state_of.at;
    char path[TREN_MAX_PATH + 16];
    trainer_follow_folder(t);
    tren_folder_path(path, sizeof path, &t->folder, "best.h5");
    if (has_folder(t) && !t->best_waits)
        TREN_TRY(tren_checkpoint_read_values(t->value, path, t->graph));
    else
        memcpy(t->value, t->best.at, t->n_values * sizeof(real));
    uint64_t digest = tren_digest(t->value, t->n_values * sizeof(real));
    if (digest == at->best_digest) return TREN_OK;
    *missing = is_later(t, path);
    if (*missing) {
        trainer_say(t,
                    "warning: no test: %s is of a later epoch, which a killed launch had reached; "
                    "the run comes "
                    "there again with --resume",
                    path);
        return TREN_OK;
    }
    return tren_fail(TREN_ERR_CHECKPOINT,
                     "%s does not hold the best weights of epoch %lld (digest %016llx, expected "
                     "%016llx); all else is "
                     "saved: train again from the start to get them back",
                     path, (long long)at->best_epoch, (unsigned long long)digest,
                     (unsigned long long)at->best_digest);
}

tren_status trainer_restore_best(tren_trainer *t, bool *missing) {
    tren_status st = TREN_OK;
    *missing = false;
    tren_comm_barrier(
        t->comm); /* the ranks may share the values: all are done with those of the last step */
    if (t->comm->rank == 0) st = read_best(t, missing);
    st = tren_comm_agree(t->comm, st);
    tren_comm_bcast(t->comm, missing, sizeof *missing);
    tren_reducer_share_values(t->reducer);
    return st;
}

tren_status trainer_init_from(tren_trainer *t) {
    tren_status st = TREN_OK;
    if (t->comm->rank == 0) {
        st = tren_checkpoint_verify(t->config->init_from);
        if (st == TREN_OK)
            st = tren_checkpoint_read_values(t->value, t->config->init_from, t->graph);
    }
    if (st != TREN_OK) st = tren_fail_in(st, "init_from");
    st = tren_comm_agree(t->comm, st);
    tren_reducer_share_values(t->reducer);
    return st;
}

/* ---- resume ---------------------------------------------------------------------------------- */

/* A run that was killed before its first checkpoint begins again; one that has ended must not lose
 * what it left. */
static tren_status no_checkpoint(const tren_trainer *t) {
    char path[TREN_MAX_PATH + 16];
    tren_folder_path(path, sizeof path, &t->folder, "result.json");
    if (has_folder(t) && access(path, F_OK) == 0)
        return tren_fail(TREN_ERR_CHECKPOINT,
                         "%s holds a result, but neither last.h5 nor previous.h5 to go on from; "
                         "bring one back, or choose another folder with --out",
                         t->folder.path);
    trainer_say(t, "note: no checkpoint to go on from in %s: the run begins at the start",
                t->folder.path);
    return TREN_OK;
}

/* Rank 0: the newest good checkpoint of the folder. path "": there is none. */
static tren_status find_checkpoint(tren_trainer *t, tren_checkpoint *c, char *path, size_t n) {
    static const char *const name[] = {"last.h5", "previous.h5"};
    tren_status st = TREN_OK;
    for (int i = 0; i < 2; i++) {
        tren_folder_path(path, n, &t->folder, name[i]);
        if (access(path, F_OK) != 0) continue;
        tren_status now = tren_checkpoint_read(c, path);
        if (now == TREN_OK) {
            if (i > 0) trainer_say(t, "warning: using %s, the checkpoint before", path);
            return TREN_OK;
        }
        st = now;
        t->last_damaged = true;
        trainer_say(t, "warning: %s", tren_error_text());
    }
    path[0] = '\0';
    if (st == TREN_OK) return no_checkpoint(t);
    return tren_fail(TREN_ERR_CHECKPOINT,
                     "no checkpoint in %s can be read (%s); move the folder away to start over",
                     t->folder.path, tren_error_text());
}

/* The position lies within this very run: only a forged checkpoint's does not. */
static tren_status check_position(const tren_trainer *t, const tren_checkpoint *c,
                                  const char *path) {
    const tren_position *at = &c->at;
    int64_t rows = trainer_iterates(t) ? at->rows : at->step * (int64_t)t->batch;
    if (at->step < t->steps_per_epoch && at->rows <= (int64_t)t->info->rows[TREN_TRAIN] &&
        at->rows == rows && at->correct <= (double)at->rows && c->n_history == (size_t)at->epoch &&
        strcmp(c->optimizer, t->optimizer->name) == 0 && strcmp(c->precision, TREN_REAL_NAME) == 0)
        return TREN_OK;
    return tren_checkpoint_damaged(
        path,
        "it says epoch %lld, step %lld, %lld rows, %zu losses, %s in %s, which this run of %lld "
        "steps an epoch, %s in " TREN_REAL_NAME
        " never has; name another folder with --out, or train again",
        (long long)at->epoch, (long long)at->step, (long long)at->rows, c->n_history, c->optimizer,
        c->precision, (long long)t->steps_per_epoch, t->optimizer->name);
}

static tren_status check_same(const tren_trainer *t, const tren_checkpoint *c, const char *path) {
    tren_config before;
    TREN_TRY(tren_checkpoint_config(&before, c, path));
    TREN_TRY(tren_config_same(&before, t->config, TREN_ROLE_RECIPE));
    if (c->dataset_digest != t->info->digest)
        return tren_fail(TREN_ERR_USAGE,
                         "%s is not the dataset that this run was trained on (digest %016llx now, "
                         "%016llx before); "
                         "resume with the old data, or start another run with --out",
                         t->config->data, (unsigned long long)t->info->digest,
                         (unsigned long long)c->dataset_digest);
    TREN_TRY(tren_checkpoint_check_data(c, t->info, path));
    if (c->rows_digest && c->rows_digest != t->state_of.rows_digest)
        return tren_fail(TREN_ERR_USAGE,
                         "%s: its rows are not those that this run was trained on (digest "
                         "%016llx now, %016llx before); resume with the old data, or start another "
                         "run with --out",
                         t->config->data, (unsigned long long)t->state_of.rows_digest,
                         (unsigned long long)c->rows_digest);
    if (c->canonical != t->state_of.canonical)
        return tren_fail(TREN_ERR_USAGE,
                         "reduction: this run was trained with %s, now it is %s: their bits "
                         "differ; keep it, or start "
                         "another run with --out",
                         c->canonical ? "a canonical engine" : "mpi",
                         t->state_of.canonical ? "a canonical engine" : "mpi");
    return TREN_OK;
}

/* Rank 0 takes over position, history and metrics, keeping the config of today. */
static void take_over(tren_trainer *t, tren_checkpoint *c) {
    tren_checkpoint *now = &t->state_of;
    now->at = c->at;
    free(now->metrics);
    free(now->history);
    now->metrics = c->metrics;
    now->n_metrics = c->n_metrics;
    now->history = c->history;
    now->n_history = c->n_history;
    memcpy(now->scalar, c->scalar, sizeof now->scalar);
    free(c->config);
    c->config = c->metrics = NULL;
    c->history = NULL;
    tren_checkpoint_close_data(&c->data);
}

static tren_status read_states(tren_trainer *t, const char *path) {
    const tren_span *piece, all = {0, t->n_values};
    int n = tren_reducer_pieces(t->reducer, &piece);
    if (trainer_iterates(t)) piece = &all, n = 1;
    for (int k = 0; k < t->optimizer->n_states; k++) {
        real *at = t->state[k].at;
        for (int p = 0; p < n; at += piece[p++].len) {
            tren_span part = piece[p];
            if (part.off >= t->n_values) continue;
            if (part.off + part.len > t->n_values) part.len = t->n_values - part.off;
            TREN_TRY(tren_checkpoint_read_state(at, path, t->optimizer->state_name[k], t->n_values,
                                                part));
            TREN_TRY(tren_checkpoint_check_state(at, part.len, t->optimizer->state_name[k], path));
        }
    }
    return TREN_OK;
}

tren_status trainer_resume(tren_trainer *t, tren_checkpoint *from, bool *resumed) {
    char path[TREN_MAX_PATH + 16] = "";
    tren_status st = TREN_OK;
    if (t->comm->rank == 0) {
        st = find_checkpoint(t, from, path, sizeof path);
        if (st == TREN_OK && path[0]) st = check_same(t, from, path);
        if (st == TREN_OK && path[0]) st = check_position(t, from, path);
        if (st == TREN_OK && path[0]) st = tren_checkpoint_read_values(t->value, path, t->graph);
        if (st == TREN_OK && path[0])
            take_over(t, from);
        else
            tren_checkpoint_close(from);
    }
    TREN_TRY(tren_comm_agree(t->comm, st));
    tren_comm_bcast(t->comm, path, sizeof path);
    *resumed = path[0] != '\0';
    if (!*resumed) return TREN_OK;
    TREN_TRY(tren_agree_on_checkpoint(t->comm, path));
    tren_comm_bcast(t->comm, &t->state_of.at, sizeof t->state_of.at);
    tren_comm_bcast(t->comm, t->state_of.scalar, sizeof t->state_of.scalar);
    if (trainer_iterates(t)) tren_scg_get(&t->scg, t->state_of.scalar);
    tren_reducer_share_values(t->reducer);
    TREN_TRY(tren_comm_agree(t->comm, read_states(t, path)));
    t->has_saved = true;
    t->resumed_seconds = t->state_of.at.seconds;
    tren_watchdog_saved(t->watchdog);
    trainer_say(t, "resumed from %s: epoch %lld, step %lld", path,
                (long long)t->state_of.at.epoch + 1, (long long)t->state_of.at.step);
    return TREN_OK;
}
