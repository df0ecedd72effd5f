/* How a run begins again, or from the weights of another. */
#include "train/checkpoint.h"
#include "train/trainer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a token means is a matter of the tokenizer. */
static tren_status check_tokenizer(const tren_run *run) {
    tren_checkpoint c = {0};
    const char *path = run->config->init_from;
    tren_status st = run->info->vocabulary > 0 ? tren_checkpoint_read(&c, path) : TREN_OK;
    if (st == TREN_OK && c.data.vocabulary > 0 && c.data.tokenizer != run->info->tokenizer)
        st = tren_fail(TREN_ERR_DATA,
                       "the tokenizer of %s differs from that of the training of %s; import the "
                       "text with that tokenizer",
                       run->config->data, path);
    tren_checkpoint_close(&c);
    return st;
}

/* The units in which the network puts out targets are learned, too. */
static void compare_target_units(tren_trainer *t) {
    tren_checkpoint c = {0};
    bool normalises = t->run.targets.n > 0;
    if (t->run.info->n_classes > 0 || t->run.info->n_targets == 0 ||
        tren_checkpoint_read(&c, t->run.config->init_from) != TREN_OK)
        return;
    if ((c.data.target_sd != NULL) != normalises)
        trainer_say(t,
                    "warning: init_from: the weights of %s were trained on targets that were %s, "
                    "but these are %s: the output layer begins in other units; normalize_targets: "
                    "%s keeps the old units",
                    t->run.config->init_from, normalises ? "as they are" : "normalised",
                    normalises ? "normalised" : "as they are", normalises ? "false" : "true");
    tren_checkpoint_close(&c);
}

/* The folder of a run holds the checkpoint that is meant; from safetensors one can be made. */
static tren_status refuse_likely_mistakes(const char *path) {
    static const char *const names[] = {"best.h5", "last.h5"}, ending[] = ".safetensors";
    size_t n = strlen(path), m = strlen(ending);
    if (n > m && strcmp(path + n - m, ending) == 0)
        return tren_fail(TREN_ERR_CHECKPOINT,
                         "%s is not a checkpoint; make one from it: 'tren import-weights "
                         "CONFIG.yaml --from %s --out start.h5'",
                         path, path);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char file[TREN_MAX_PATH + 16];
        snprintf(file, sizeof file, "%s/%s", path, names[i]);
        if (access(file, F_OK) == 0)
            return tren_fail(TREN_ERR_CHECKPOINT,
                             "%s is the folder of a run; give a checkpoint in it, such as %s", path,
                             file);
    }
    return TREN_OK;
}

tren_status trainer_init_from(tren_trainer *t) {
    tren_status st = TREN_OK;
    if (t->run.comm->rank == 0) {
        st = refuse_likely_mistakes(t->run.config->init_from);
        if (st == TREN_OK) st = tren_checkpoint_verify(t->run.config->init_from);
        if (st == TREN_OK) st = check_tokenizer(&t->run);
        if (st == TREN_OK)
            st = tren_checkpoint_read_values(t->run.value, t->run.config->init_from, t->run.graph);
        if (st == TREN_OK) compare_target_units(t);
    }
    if (st != TREN_OK) st = tren_fail_in(st, "init_from");
    st = tren_comm_agree(t->run.comm, st);
    tren_reducer_share_values(t->run.reducer);
    return st;
}

static bool has_file(const tren_trainer *t, const char *name) {
    char path[TREN_MAX_PATH + 16];
    tren_folder_path(path, sizeof path, &t->saver.folder, name);
    return t->run.config->out[0] && access(path, F_OK) == 0;
}

/* A run that was stopped or killed before its first checkpoint begins again; one that has ended
 * must not lose what it left. */
static tren_status no_checkpoint(const tren_trainer *t) {
    bool left = has_file(t, "best.h5") || has_file(t, "metrics.csv");
    bool stopped = !left && trainer_has_status(t, TREN_REQUEUE);
    if (!has_file(t, "best.h5") && trainer_has_status(t, TREN_ERR_DIVERGED))
        return tren_fail(TREN_ERR_CHECKPOINT,
                         "%s: the training diverged before its first checkpoint, so there is "
                         "nothing to continue from; remove the folder, or choose another with "
                         "--out",
                         t->saver.folder.path);
    if (has_file(t, "result.json") && !stopped)
        return tren_fail(TREN_ERR_CHECKPOINT,
                         "%s has a result, but neither last.h5 nor previous.h5 to continue from; "
                         "restore one of them, or choose another folder with --out",
                         t->saver.folder.path);
    trainer_say(t, "note: no checkpoint in %s to continue from: the run starts from the beginning",
                t->saver.folder.path);
    return TREN_OK;
}

/* Rank 0: the newest good checkpoint of the folder. path "": there is none. */
static tren_status find_checkpoint(tren_trainer *t, tren_checkpoint *c, char *path, size_t n) {
    static const char *const name[] = {"last.h5", "previous.h5"};
    tren_status st = TREN_OK;
    for (int i = 0; i < 2; i++) {
        tren_folder_path(path, n, &t->saver.folder, name[i]);
        if (access(path, F_OK) != 0) continue;
        tren_status now = tren_checkpoint_read(c, path);
        if (now == TREN_OK) {
            if (i > 0) trainer_say(t, "warning: using %s, the previous checkpoint", path);
            return TREN_OK;
        }
        st = now;
        t->saver.last_damaged = true;
        trainer_say(t, "warning: %s", tren_error_text());
    }
    path[0] = '\0';
    if (st == TREN_OK) return no_checkpoint(t);
    return tren_fail(
        TREN_ERR_CHECKPOINT,
        "no checkpoint in %s can be read (%s); move the folder away to start from the beginning",
        t->saver.folder.path, tren_error_text());
}

/* Of tokens, how many a step has is known when its epoch begins. */
static bool could_count(const tren_trainer *t, const tren_position *at) {
    const tren_run *run = &t->run;
    int64_t rows = at->step * (int64_t)run->feed.batch;
    if (at->rows < 0 || at->rows > run->n_labels) return false;
    if (t->minimiser.kind->whole) return true;
    return run->feed.labels ? at->rows >= rows : at->rows == rows;
}

/* What is judged is in the checkpoint as the config says. */
static bool has_history(const tren_checkpoint *c, const tren_config *config) {
    bool monitors = config->early_stopping.monitor > 0,
         errors = config->early_stopping.rule == TREN_STOP_STANDARD_ERROR;
    return c->n_history == 0 ||
           (monitors == (c->monitored != NULL) && errors == (c->history_se != NULL));
}

/* The position lies within this very run: only a forged checkpoint's does not. */
static tren_status check_position(const tren_trainer *t, const tren_checkpoint *c,
                                  const char *path) {
    const tren_position *at = &c->at;
    if (at->step < t->run.feed.steps_per_epoch && could_count(t, at) &&
        at->correct <= (double)at->rows && c->n_history == (size_t)at->epoch &&
        has_history(c, t->run.config) && strcmp(c->optimizer, t->minimiser.optimizer->name) == 0 &&
        strcmp(c->precision, TREN_REAL_NAME) == 0)
        return TREN_OK;
    return tren_checkpoint_damaged(
        path,
        "it says epoch %lld, step %lld, %lld rows, %zu losses, %s in %s, which this run of %lld "
        "steps an epoch, %s in " TREN_REAL_NAME
        " cannot have; give another folder with --out, or train again",
        (long long)at->epoch, (long long)at->step, (long long)at->rows, c->n_history, c->optimizer,
        c->precision, (long long)t->run.feed.steps_per_epoch, t->minimiser.optimizer->name);
}

/* Only a forged checkpoint has others than its dataset. */
static tren_status check_targets(const tren_trainer *t, const tren_checkpoint *c,
                                 const char *path) {
    const tren_dataset_info *was = &c->data, *is = &t->stands.data;
    size_t bytes = (size_t)is->n_targets * sizeof *is->target_sd;
    bool both = was->target_sd && is->target_sd, neither = !was->target_sd && !is->target_sd;
    if (neither || (both && memcmp(was->target_sd, is->target_sd, bytes) == 0 &&
                    memcmp(was->target_mean, is->target_mean, bytes) == 0))
        return TREN_OK;
    return tren_checkpoint_damaged(path, "its targets were not normalised as in this run; give "
                                         "another folder with --out, or train again");
}

static tren_status check_same(const tren_trainer *t, const tren_checkpoint *c, const char *path) {
    tren_config before;
    TREN_TRY(tren_checkpoint_config(&before, c, path));
    TREN_TRY(tren_config_same(&before, t->run.config, TREN_ROLE_RECIPE));
    if (c->dataset_digest != t->run.info->digest)
        return tren_fail(
            TREN_ERR_USAGE,
            "%s is not the dataset on which this run was trained (digest %016llx now, %016llx "
            "before); resume with the old dataset, or start another run with --out",
            t->run.config->data, (unsigned long long)t->run.info->digest,
            (unsigned long long)c->dataset_digest);
    TREN_TRY(tren_checkpoint_check_data(c, t->run.info, path));
    if (c->rows_digest && c->rows_digest != t->stands.rows_digest)
        return tren_fail(
            TREN_ERR_USAGE,
            "%s: its rows are not those on which this run was trained (digest %016llx now, %016llx "
            "before); resume with the old dataset, or start another run with --out",
            t->run.config->data, (unsigned long long)t->stands.rows_digest,
            (unsigned long long)c->rows_digest);
    TREN_TRY(check_targets(t, c, path));
    if (c->canonical != t->stands.canonical)
        return tren_fail(TREN_ERR_USAGE,
                         "reduction: this run was trained with %s, but now it is %s: their bits "
                         "differ; keep the old value, or start another run with --out",
                         c->canonical ? "a canonical engine" : "mpi",
                         t->stands.canonical ? "a canonical engine" : "mpi");
    return TREN_OK;
}

/* Rank 0 takes over position, history and metrics, keeping the config of today. */
static void take_over(tren_trainer *t, tren_checkpoint *c) {
    tren_checkpoint *now = &t->stands;
    now->at = c->at;
    free(now->metrics);
    free(now->history);
    now->metrics = c->metrics;
    now->n_metrics = c->n_metrics;
    now->history = c->history;
    now->n_history = c->n_history;
    free(now->monitored);
    free(now->history_se);
    now->monitored = c->monitored;
    now->history_se = c->history_se;
    c->monitored = c->history_se = NULL;
    memcpy(now->scalar, c->scalar, sizeof now->scalar);
    free(c->config);
    c->config = c->metrics = NULL;
    c->history = NULL;
    tren_checkpoint_close_data(&c->data);
}

static tren_status read_states(tren_trainer *t, const char *path) {
    const tren_minimiser *m = &t->minimiser;
    const tren_span *piece;
    int n = m->kind->pieces(m, &piece);
    for (int k = 0; k < m->n_states; k++) {
        real *at = m->state[k].at;
        for (int p = 0; p < n; at += piece[p++].len) {
            tren_span part = piece[p];
            if (part.off >= t->run.n_values) continue;
            if (part.off + part.len > t->run.n_values) part.len = t->run.n_values - part.off;
            TREN_TRY(tren_checkpoint_read_state(at, path, m->state_name[k], t->run.n_values, part));
            TREN_TRY(tren_checkpoint_check_state(at, part.len, m->state_name[k], path));
        }
    }
    return TREN_OK;
}

tren_status trainer_resume(tren_trainer *t, tren_checkpoint *from, bool *resumed) {
    char path[TREN_MAX_PATH + 16] = "";
    tren_status st = TREN_OK;
    if (t->run.comm->rank == 0) {
        st = find_checkpoint(t, from, path, sizeof path);
        if (st == TREN_OK && path[0]) st = check_same(t, from, path);
        if (st == TREN_OK && path[0]) st = check_position(t, from, path);
        if (st == TREN_OK && path[0]) {
            trainer_check_best(t, &from->at);
            st = tren_checkpoint_read_values(t->run.value, path, t->run.graph);
        }
        if (st == TREN_OK && path[0])
            take_over(t, from);
        else
            tren_checkpoint_close(from);
    }
    TREN_TRY(tren_comm_agree(t->run.comm, st));
    tren_comm_bcast(t->run.comm, path, sizeof path);
    *resumed = path[0] != '\0';
    if (!*resumed) return TREN_OK;
    TREN_TRY(tren_agree_on_checkpoint(t->run.comm, path));
    tren_comm_bcast(t->run.comm, &t->stands.at, sizeof t->stands.at);
    tren_comm_bcast(t->run.comm, t->stands.scalar, sizeof t->stands.scalar);
    if (t->minimiser.kind->get) t->minimiser.kind->get(&t->minimiser, t->stands.scalar);
    tren_reducer_share_values(t->run.reducer);
    TREN_TRY(tren_comm_agree(t->run.comm, read_states(t, path)));
    t->saver.has_saved = true;
    t->report.resumed_seconds = t->stands.at.seconds;
    tren_watchdog_saved(t->report.watchdog);
    trainer_say(t, "resumed from %s: epoch %lld, step %lld", path,
                (long long)t->stands.at.epoch + 1, (long long)t->stands.at.step);
    return TREN_OK;
}
