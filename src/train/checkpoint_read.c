#include "train/checkpoint.h"

#include <stdlib.h>
#include <string.h>

void tren_checkpoint_close(tren_checkpoint *c) {
    free(c->config);
    free(c->metrics);
    free(c->history);
    tren_checkpoint_close_data(&c->data);
    *c = (tren_checkpoint){0};
}

static tren_status get_position(tren_h5 *file, tren_position *at) {
    for (int i = 0; i < tren_n_position_fields; i++) {
        const position_field *f = &tren_position_fields[i];
        void *value = (char *)at + f->at;
        size_t one = 1;
        switch (f->type) {
        case POSITION_I64:
            TREN_TRY(tren_h5_get_i64(file, "/", f->name, value));
            break;
        case POSITION_U64:
            TREN_TRY(tren_h5_get_u64(file, "/", f->name, value));
            break;
        case POSITION_F64:
            TREN_TRY(tren_h5_get_f64s(file, "/", f->name, value, &one));
            break;
        }
    }
    return TREN_OK;
}

static tren_status check_format(tren_h5 *file, const char *path) {
    char format[64] = "";
    int64_t version = 0;
    if (!tren_h5_has_attr(file, "/", "format"))
        return tren_fail(TREN_ERR_CHECKPOINT, "%s is an HDF5 file, but not a checkpoint of tren",
                         path);
    TREN_TRY(tren_h5_get_text(file, "/", "format", format, sizeof format));
    if (strcmp(format, TREN_CHECKPOINT_FORMAT) != 0)
        return tren_fail(TREN_ERR_CHECKPOINT, "%s holds '%s', not a checkpoint of tren", path,
                         format);
    TREN_TRY(tren_h5_get_i64(file, "/", "version", &version));
    if (version != TREN_CHECKPOINT_VERSION)
        return tren_fail(TREN_ERR_CHECKPOINT,
                         "%s has checkpoint version %lld; this tren reads version %d", path,
                         (long long)version, TREN_CHECKPOINT_VERSION);
    return TREN_OK;
}

static tren_status get_head(tren_h5 *file, const char *path, tren_checkpoint *c) {
    int64_t canonical = 0;
    TREN_TRY(tren_h5_get_i64(file, "/", "canonical", &canonical));
    c->canonical = canonical != 0;
    TREN_TRY(tren_h5_get_u64(file, "/", "dataset_digest", &c->dataset_digest));
    if (tren_h5_has_attr(file, "/", "all_rows_digest"))
        TREN_TRY(tren_h5_get_u64(file, "/", "all_rows_digest", &c->rows_digest));
    TREN_TRY(tren_h5_get_text(file, "/", "optimizer", c->optimizer, sizeof c->optimizer));
    if (tren_h5_has_attr(file, "/", "blas_core"))
        TREN_TRY(tren_h5_get_text(file, "/", "blas_core", c->blas_core, sizeof c->blas_core));
    TREN_TRY(tren_h5_get_text(file, "/", "precision", c->precision, sizeof c->precision));
    TREN_TRY(tren_checkpoint_get_data(file, path, &c->data));
    return get_position(file, &c->at);
}

/* Elements of a dataset. Nothing in a checkpoint is compressed: one that claims to be larger than
 * the file is damaged, and no memory is asked for it. */
static tren_status count_of(tren_h5 *file, const char *name, size_t *count, tren_type *type) {
    tren_h5_shape shape;
    TREN_TRY(tren_h5_info(file, name, &shape, type));
    size_t most = tren_h5_bytes(file) / tren_type_size(*type);
    *count = 1;
    for (int i = 0; i < shape.rank; i++) {
        if (shape.dim[i] > 0 && *count > most / shape.dim[i])
            return tren_fail(TREN_ERR_CHECKPOINT,
                             "%s is damaged: %s claims to be larger than the file",
                             tren_h5_path(file), name);
        *count *= shape.dim[i];
    }
    return TREN_OK;
}

/* Adds a dataset's bytes, as they are stored, to the digest. */
static tren_status digest_dataset(tren_h5 *file, const char *name, tren_digest_state *digest) {
    tren_type type;
    void *bytes = NULL;
    size_t count;
    TREN_TRY(count_of(file, name, &count, &type));
    TREN_TRY(tren_alloc(&bytes, count, tren_type_size(type), "a checkpoint"));
    tren_status st = tren_h5_read(file, name, count, type, bytes);
    if (st == TREN_OK) tren_digest_add(digest, bytes, count * tren_type_size(type));
    free(bytes);
    return st;
}

static tren_status digest_parameters(tren_h5 *file, tren_digest_state *digest) {
    char **name = NULL;
    size_t n = 0;
    tren_status st = tren_h5_get_texts(file, "/parameters", "names", &name, &n);
    for (size_t i = 0; i < n; i++) {
        char path[128];
        snprintf(path, sizeof path, "/parameters/%s", name[i]);
        if (st == TREN_OK) st = digest_dataset(file, path, digest);
        free(name[i]);
    }
    free(name);
    return st;
}

static tren_status get_scalars(tren_h5 *file, double *scalar, int n, tren_digest_state *digest) {
    if (n == 0) return TREN_OK;
    TREN_TRY(tren_h5_read(file, "/optimizer/scalars", (size_t)n, TREN_F64, scalar));
    tren_digest_add(digest, scalar, (size_t)n * sizeof *scalar);
    return TREN_OK;
}

static tren_status get_states(tren_h5 *file, tren_checkpoint *c, tren_digest_state *digest) {
    if (!tren_h5_has(file, "/optimizer")) return TREN_OK;
    for (int i = 0; tren_optimizers[i]; i++) {
        const tren_optimizer *o = tren_optimizers[i];
        if (strcmp(o->name, c->optimizer) != 0) continue;
        for (int k = 0; k < o->n_states; k++) {
            char path[64];
            snprintf(path, sizeof path, "/optimizer/%s", o->state_name[k]);
            TREN_TRY(digest_dataset(file, path, digest));
        }
        TREN_TRY(get_scalars(file, c->scalar, o->n_scalars, digest));
    }
    return TREN_OK;
}

static tren_status get_bytes(tren_h5 *file, const char *name, char **text) {
    if (!tren_h5_has(file, name)) return tren_alloc(text, 1, 1, "a checkpoint");
    size_t n;
    tren_type type;
    TREN_TRY(count_of(file, name, &n, &type));
    TREN_TRY(tren_alloc(text, n + 1, 1, "a checkpoint"));
    return tren_h5_read(file, name, n, TREN_U8, *text);
}

static tren_status get_texts(tren_h5 *file, tren_checkpoint *c, tren_digest_state *digest) {
    TREN_TRY(get_bytes(file, "/config", &c->config));
    TREN_TRY(get_bytes(file, "/metrics", &c->metrics));
    tren_digest_add(digest, c->config, strlen(c->config));
    c->n_metrics = strlen(c->metrics);
    tren_digest_add(digest, c->metrics, c->n_metrics);
    tren_checkpoint_digest_data(&c->data, digest);
    if (!tren_h5_has(file, "/history")) return TREN_OK;
    tren_type type;
    TREN_TRY(count_of(file, "/history", &c->n_history, &type));
    TREN_TRY(tren_alloc(&c->history, c->n_history, sizeof *c->history, "a checkpoint"));
    TREN_TRY(tren_h5_read(file, "/history", c->n_history, TREN_F64, c->history));
    tren_digest_add(digest, c->history, c->n_history * sizeof *c->history);
    return TREN_OK;
}

static tren_status read_all(tren_h5 *file, tren_checkpoint *c, const char *path,
                            tren_digest_state *digest) {
    char *head = NULL;
    uint64_t stored = 0;
    TREN_TRY(check_format(file, path));
    TREN_TRY(get_head(file, path, c));
    TREN_TRY(tren_checkpoint_head(&head, c));
    tren_digest_add(digest, head, strlen(head));
    free(head);
    TREN_TRY(digest_parameters(file, digest));
    TREN_TRY(get_states(file, c, digest));
    TREN_TRY(get_texts(file, c, digest));
    TREN_TRY(tren_h5_get_u64(file, "/", "digest", &stored));
    if (stored == tren_digest_value(digest)) return TREN_OK;
    return tren_fail(
        TREN_ERR_CHECKPOINT,
        "%s is damaged: its content has digest %016llx, and %016llx was stored when it was written",
        path, (unsigned long long)tren_digest_value(digest), (unsigned long long)stored);
}

tren_status tren_checkpoint_read(tren_checkpoint *c, const char *path) {
    tren_h5 *file = NULL;
    tren_digest_state *digest = NULL;
    tren_status st = TREN_OK;
    *c = (tren_checkpoint){0};
    TREN_GOTO(tren_h5_open(&file, path, TREN_ERR_CHECKPOINT));
    TREN_GOTO(tren_digest_open(&digest));
    TREN_GOTO(read_all(file, c, path, digest));
done:
    tren_digest_close(digest);
    tren_h5_close(file);
    if (st != TREN_OK) tren_checkpoint_close(c);
    return st;
}

tren_status tren_checkpoint_digest(uint64_t *digest, const char *path) {
    tren_h5 *file = NULL;
    TREN_TRY(tren_h5_open(&file, path, TREN_ERR_CHECKPOINT));
    tren_status st = tren_h5_get_u64(file, "/", "digest", digest);
    tren_h5_close(file);
    return st;
}

tren_status tren_checkpoint_verify(const char *path) {
    tren_h5 *file = NULL;
    TREN_TRY(tren_h5_open(&file, path, TREN_ERR_CHECKPOINT));
    bool has_digest = tren_h5_has_attr(file, "/", "digest");
    tren_h5_close(file);
    if (!has_digest) return TREN_OK;
    tren_checkpoint checkpoint;
    TREN_TRY(tren_checkpoint_read(&checkpoint, path));
    tren_checkpoint_close(&checkpoint);
    return TREN_OK;
}

static tren_status read_parameter(tren_h5 *file, const char *path, const tren_param *p,
                                  real *value) {
    char name[96];
    snprintf(name, sizeof name, "/parameters/%s", p->name);
    if (!tren_h5_has(file, name))
        return tren_fail(
            TREN_ERR_CHECKPOINT,
            "%s has no parameter %s: it belongs to another network; set model.* as it was "
            "for that one, or name another checkpoint",
            path, p->name);
    tren_h5_shape shape;
    tren_type type;
    TREN_TRY(tren_h5_info(file, name, &shape, &type));
    bool same = shape.rank == p->rank;
    for (int i = 0; same && i < p->rank; i++) same = shape.dim[i] == (size_t)p->dim[i];
    if (!same)
        return tren_fail(TREN_ERR_CHECKPOINT,
                         "%s: parameter %s has %zu x %zu values, the network wants %d x %d; it "
                         "belongs to another network; set model.* as it was for that one, or name "
                         "another checkpoint",
                         path, p->name, shape.dim[0], shape.rank > 1 ? shape.dim[1] : 1, p->dim[0],
                         p->rank > 1 ? p->dim[1] : 1);
    return tren_h5_read(file, name, p->at.len, TREN_REAL, value + p->at.off);
}

tren_status tren_checkpoint_read_values(real *value, const char *path, const tren_graph *graph) {
    tren_h5 *file = NULL;
    TREN_TRY(tren_h5_open(&file, path, TREN_ERR_CHECKPOINT));
    tren_status st = TREN_OK;
    for (int i = 0; st == TREN_OK && i < graph->n_params; i++)
        st = read_parameter(file, path, &graph->param[i], value);
    tren_h5_close(file);
    return st;
}

tren_status tren_checkpoint_read_state(real *out, const char *path, const char *state,
                                       tren_span at) {
    tren_h5 *file = NULL;
    char name[64];
    snprintf(name, sizeof name, "/optimizer/%s", state);
    TREN_TRY(tren_h5_open(&file, path, TREN_ERR_CHECKPOINT));
    tren_status st = tren_h5_read_rows(file, name, at.off, at.len, TREN_REAL, out);
    tren_h5_close(file);
    return st;
}
