#include "base/temporary.h"
#include "train/checkpoint.h"
#include "base/why.h"

#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXACT 0x1p53 /* whole numbers up to here are doubles */
/* clang-format off */
#define FIELD(name, type, least, most, or_nan) {#name, offsetof(tren_position, name), type, least, most, or_nan, false}
#define LATER(name, type, least, most) {#name, offsetof(tren_position, name), type, least, most, false, true}
const position_field tren_position_fields[] = {
    FIELD(epoch, POSITION_I64, 0, 1 << 30, false),
    FIELD(step, POSITION_I64, 0, EXACT, false),
    FIELD(loss, POSITION_F64, -DBL_MAX, DBL_MAX, false),
    FIELD(correct, POSITION_F64, 0, EXACT, false),
    FIELD(rows, POSITION_I64, 0, EXACT, false),
    FIELD(best_epoch, POSITION_I64, 0, 1 << 30, false),
    FIELD(best_loss, POSITION_F64, -DBL_MAX, DBL_MAX, false),
    FIELD(best_accuracy, POSITION_F64, 0, 1, true),
    FIELD(bad_epochs, POSITION_I64, 0, 1 << 30, false),
    FIELD(best_digest, POSITION_U64, 0, 0, false),
    FIELD(seconds, POSITION_F64, 0, DBL_MAX, false),
    FIELD(last_train_loss, POSITION_F64, -DBL_MAX, DBL_MAX, true),
    FIELD(last_train_accuracy, POSITION_F64, 0, 1, true),
    LATER(noise_square, POSITION_F64, -DBL_MAX, DBL_MAX),
    LATER(noise_trace, POSITION_F64, -DBL_MAX, DBL_MAX),
    LATER(noise_steps, POSITION_I64, 0, EXACT),
};
/* clang-format on */
const int tren_n_position_fields = sizeof tren_position_fields / sizeof *tren_position_fields;

/* As all fields are 8 bytes. */
static uint64_t bits_of(const position_field *f, const tren_position *at) {
    uint64_t bits;
    memcpy(&bits, (const char *)at + f->at, sizeof bits);
    return bits;
}

tren_status tren_checkpoint_head(char **text, const tren_checkpoint *c) {
    size_t room = 2048;
    TREN_TRY(tren_alloc(text, room, 1, "a checkpoint"));
    int n = snprintf(*text, room, "%s %d %s %s canonical=%d dataset=%016llx\n",
                     TREN_CHECKPOINT_FORMAT, TREN_CHECKPOINT_VERSION, c->precision, c->optimizer,
                     c->canonical, (unsigned long long)c->dataset_digest);
    for (int i = 0; i < tren_n_position_fields; i++) {
        const position_field *f = &tren_position_fields[i];
        uint64_t bits = bits_of(f, &c->at);
        if (f->may_lack && bits == 0) continue;
        n += snprintf(*text + n, room - (size_t)n, "%s=%016llx\n", f->name,
                      (unsigned long long)bits);
    }
    return TREN_OK;
}

static tren_status put_position(tren_h5 *file, const tren_position *at) {
    for (int i = 0; i < tren_n_position_fields; i++) {
        const position_field *f = &tren_position_fields[i];
        const void *value = (const char *)at + f->at;
        if (f->may_lack && bits_of(f, at) == 0) continue;
        switch (f->type) {
        case POSITION_I64:
            TREN_TRY(tren_h5_put_i64(file, "/", f->name, *(const int64_t *)value));
            break;
        case POSITION_U64:
            TREN_TRY(tren_h5_put_u64(file, "/", f->name, *(const uint64_t *)value));
            break;
        case POSITION_F64:
            TREN_TRY(tren_h5_put_f64s(file, "/", f->name, value, 1));
            break;
        }
    }
    return TREN_OK;
}

static tren_status put_arithmetic(tren_h5 *file, const tren_checkpoint *c) {
    if (c->blas_core[0]) TREN_TRY(tren_h5_put_text(file, "/", "blas_core", c->blas_core));
    if (c->blas_version[0]) TREN_TRY(tren_h5_put_text(file, "/", "blas_version", c->blas_version));
    if (c->cpu_level[0]) TREN_TRY(tren_h5_put_text(file, "/", "cpu_level", c->cpu_level));
    return tren_checkpoint_put_arithmetic(file, c);
}

static tren_status put_head(tren_h5 *file, const tren_checkpoint *c, tren_digest_state *digest) {
    char *head = NULL;
    tren_status st = TREN_OK;
    TREN_GOTO(tren_h5_put_text(file, "/", "format", TREN_CHECKPOINT_FORMAT));
    TREN_GOTO(tren_h5_put_i64(file, "/", "version", TREN_CHECKPOINT_VERSION));
    TREN_GOTO(tren_h5_put_text(file, "/", "precision", c->precision));
    TREN_GOTO(tren_h5_put_text(file, "/", "optimizer", c->optimizer));
    TREN_GOTO(put_arithmetic(file, c));
    TREN_GOTO(tren_h5_put_i64(file, "/", "canonical", c->canonical));
    TREN_GOTO(tren_h5_put_u64(file, "/", "dataset_digest", c->dataset_digest));
    if (c->rows_digest) TREN_GOTO(tren_h5_put_u64(file, "/", "all_rows_digest", c->rows_digest));
    TREN_GOTO(put_position(file, &c->at));
    TREN_GOTO(tren_checkpoint_head(&head, c));
    tren_digest_add(digest, head, strlen(head));
done:
    free(head);
    return st;
}

static tren_status put_parameter(tren_h5 *file, const tren_param *p, const real *value) {
    char name[96], group[96];
    snprintf(name, sizeof name, "/parameters/%s", p->name);
    snprintf(group, sizeof group, "%s", name);
    *strrchr(group, '/') = '\0';
    if (!tren_h5_has(file, group)) TREN_TRY(tren_h5_group(file, group));
    tren_h5_shape shape = {.rank = p->rank};
    for (int i = 0; i < p->rank; i++) shape.dim[i] = (size_t)p->dim[i];
    return tren_h5_write(file, name, shape, TREN_REAL, value + p->at.off);
}

static tren_status put_parameters(tren_h5 *file, const tren_checkpoint_arrays *a,
                                  tren_digest_state *digest) {
    const tren_graph *g = a->graph;
    const char **name = NULL;
    tren_status st = TREN_OK;
    TREN_GOTO(tren_alloc(&name, (size_t)g->n_params, sizeof *name, "names"));
    TREN_GOTO(tren_h5_group(file, "/parameters"));
    int n = 0; /* in the order of the arena: statistics lie behind what is learned */
    for (int k = 0; k < 2 * g->n_params; k++) {
        const tren_param *p = &g->param[k % g->n_params];
        if (p->statistic != (k >= g->n_params)) continue;
        name[n++] = p->name;
        TREN_GOTO(put_parameter(file, p, a->value));
    }
    TREN_GOTO(tren_h5_put_texts(file, "/parameters", "names", name, (size_t)g->n_params));
    tren_digest_add(digest, a->value, g->n_values * sizeof(real));
done:
    free(name);
    return st;
}

static tren_status put_scalars(tren_h5 *file, const double *scalar, int n,
                               tren_digest_state *digest) {
    if (n == 0) return TREN_OK;
    tren_h5_shape shape = {.rank = 1, .dim = {(size_t)n}};
    tren_digest_add(digest, scalar, (size_t)n * sizeof *scalar);
    return tren_h5_write(file, "/optimizer/scalars", shape, TREN_F64, scalar);
}

static tren_status put_states(tren_h5 *file, const tren_checkpoint *c,
                              const tren_checkpoint_arrays *a, tren_digest_state *digest) {
    if (!a->state) return TREN_OK;
    TREN_TRY(tren_h5_group(file, "/optimizer"));
    for (int i = 0; i < a->n_states; i++) {
        char name[64];
        snprintf(name, sizeof name, "/optimizer/%s", a->state_name[i]);
        a->state(a->ctx, a->room, i);
        tren_h5_shape shape = {.rank = 1, .dim = {a->graph->n_values}};
        TREN_TRY(tren_h5_write(file, name, shape, TREN_REAL, a->room));
        tren_digest_add(digest, a->room, a->graph->n_values * sizeof(real));
    }
    return put_scalars(file, c->scalar, a->n_scalars, digest);
}

static tren_status put_bytes(tren_h5 *file, const char *name, const char *text,
                             tren_digest_state *digest) {
    size_t n = text ? strlen(text) : 0;
    if (n == 0) return TREN_OK;
    tren_digest_add(digest, text, n);
    return tren_h5_write(file, name, (tren_h5_shape){.rank = 1, .dim = {n}}, TREN_U8, text);
}

static tren_status put_history(tren_h5 *file, const char *name, const double *value, size_t n,
                               tren_digest_state *digest) {
    tren_h5_shape shape = {.rank = 1, .dim = {n}};
    if (n == 0 || !value) return TREN_OK;
    tren_digest_add(digest, value, n * sizeof *value);
    return tren_h5_write(file, name, shape, TREN_F64, value);
}

static void at_point(const tren_checkpoint_arrays *a, const char *point) {
    if (a->hook) a->hook(a->hook_ctx, point);
}

static tren_status write_file(const char *path, const tren_checkpoint *c,
                              const tren_checkpoint_arrays *a) {
    tren_h5 *file = NULL;
    tren_digest_state *digest = NULL;
    tren_status st = TREN_OK;
    TREN_GOTO(tren_digest_open(&digest));
    TREN_GOTO(tren_h5_create(&file, path, TREN_ERR_CHECKPOINT));
    at_point(a, "created");
    TREN_GOTO(put_head(file, c, digest));
    TREN_GOTO(put_parameters(file, a, digest));
    at_point(a, "parameters");
    TREN_GOTO(put_states(file, c, a, digest));
    at_point(a, "states");
    TREN_GOTO(put_bytes(file, "/config", c->config, digest));
    TREN_GOTO(put_bytes(file, "/metrics", c->metrics, digest));
    TREN_GOTO(tren_checkpoint_put_data(file, &c->data));
    tren_checkpoint_digest_data(&c->data, digest);
    TREN_GOTO(put_history(file, "/history", c->history, c->n_history, digest));
    TREN_GOTO(put_history(file, "/monitored", c->monitored, c->n_history, digest));
    TREN_GOTO(put_history(file, "/history_se", c->history_se, c->n_history, digest));
    TREN_GOTO(tren_h5_put_u64(file, "/", "digest", tren_digest_value(digest)));
    st = tren_h5_finish(file);
    file = NULL;
done:
    tren_digest_close(digest);
    tren_h5_close(file);
    if (st != TREN_OK) unlink(path);
    return st;
}

static tren_status failed(const char *what, const char *path) {
    return tren_fail(TREN_ERR_CHECKPOINT, "cannot %s %s: %s", what, path, tren_why(errno));
}

/* Rename is atomic, but only what is synced survives the machine. */
static tren_status sync_folder(const char *dir) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return failed("open the folder", dir);
    int bad = fsync(fd) != 0 && errno != EINVAL; /* some file systems cannot */
    close(fd);
    return bad ? failed("sync the folder", dir) : TREN_OK;
}

/* Where there are no hard links, the second name is the only one until the new file has its own. */
static bool no_links(int error) {
    return error == EPERM || error == ENOSYS || error == EOPNOTSUPP || error == EMLINK ||
           error == EACCES;
}

/* `previous` becomes another name of the present file: never a moment without a good one. */
static tren_status keep_previous(const char *dir, const char *path, const char *previous) {
    char old[TREN_MAX_PATH + 64], link_name[TREN_MAX_PATH + 64];
    snprintf(old, sizeof old, "%s/%s", dir, previous);
    snprintf(link_name, sizeof link_name, "%s/%s.tmp", dir, previous);
    unlink(link_name);
    if (link(path, link_name) != 0) {
        if (errno == ENOENT) return TREN_OK;
        if (!no_links(errno)) return failed("keep a second name of", path);
        return rename(path, old) == 0 ? TREN_OK : failed("rename", path);
    }
    if (rename(link_name, old) != 0) return failed("rename", link_name);
    unlink(link_name); /* rename does nothing when both are the same file already */
    return TREN_OK;
}

tren_status tren_checkpoint_write(const char *dir, const char *name, const char *previous,
                                  const tren_checkpoint *c, const tren_checkpoint_arrays *a) {
    char path[TREN_MAX_PATH + 64], tmp[TREN_MAX_PATH + 72];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    at_point(a, "begin");
    TREN_TRY(tren_temporary_take(tmp, sizeof tmp, path, TREN_ERR_CHECKPOINT));
    TREN_TRY(write_file(tmp, c, a));
    at_point(a, "closed");
    if (previous) TREN_TRY(keep_previous(dir, path, previous));
    at_point(a, "linked");
    if (rename(tmp, path) != 0) return failed("rename", tmp);
    at_point(a, "renamed");
    TREN_TRY(sync_folder(dir));
    at_point(a, "done");
    return TREN_OK;
}
