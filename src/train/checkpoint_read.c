#include "train/checkpoint.h"

#include <stdlib.h>
#include <string.h>

void tren_checkpoint_close(tren_checkpoint *c) {
    free(c->config);
    free(c->metrics);
    free(c->history);
    free(c->monitored);
    free(c->history_se);
    tren_checkpoint_close_data(&c->data);
    *c = (tren_checkpoint){0};
}

/* What a digest has taken up, and how many numbers the last dataset had. */
typedef struct digested {
    tren_digest_state *state;
    size_t count;
} digested;

static tren_status get_position(tren_h5 *file, tren_position *at) {
    for (int i = 0; i < tren_n_position_fields; i++) {
        const position_field *f = &tren_position_fields[i];
        void *value = (char *)at + f->at;
        size_t one = 1;
        if (f->may_lack && !tren_h5_has_attr(file, "/", f->name)) continue;
        switch (f->type) {
        case POSITION_I64:
            TREN_TRY(tren_h5_get_i64(file, "/", f->name, value));
            break;
        case POSITION_U64:
            TREN_TRY(tren_h5_get_u64(file, "/", f->name, value));
            break;
        case POSITION_F64:
            TREN_TRY(tren_h5_get_f64s(file, "/", f->name, value, &one));
            if (one != 1)
                return tren_checkpoint_damaged(tren_h5_path(file), "%s has no value", f->name);
            break;
        }
    }
    return TREN_OK;
}

/* Whatever is wrong with what is in the file, there is one thing to do. */
static tren_status with_remedy(tren_status st) {
    if (st != TREN_ERR_CHECKPOINT) return st;
    return tren_fail(st,
                     "%s; give another checkpoint, such as previous.h5 of the run, or train again",
                     tren_error_text());
}

/* What is no checkpoint at all is a mistake in the name. */
static tren_status check_format(tren_h5 *file, const char *path) {
    char format[64] = "";
    if (!tren_h5_has_attr(file, "/", "format"))
        return tren_fail(TREN_ERR_CHECKPOINT,
                         "%s is %s, but not a checkpoint of tren; give a run folder ('tren runs' "
                         "lists them), or a checkpoint such as runs/NAME/best.h5",
                         path, tren_h5_has(file, "train") ? "a dataset" : "an HDF5 file");
    TREN_TRY(with_remedy(tren_h5_get_text(file, "/", "format", format, sizeof format)));
    if (strcmp(format, TREN_CHECKPOINT_FORMAT) == 0) return TREN_OK;
    return tren_fail(TREN_ERR_CHECKPOINT,
                     "%s holds '%s', not a checkpoint of tren; give a run folder, or a checkpoint "
                     "such as runs/NAME/best.h5",
                     path, format);
}

static tren_status check_version(tren_h5 *file, const char *path) {
    int64_t version = 0;
    TREN_TRY(tren_h5_get_i64(file, "/", "version", &version));
    if (version == TREN_CHECKPOINT_VERSION) return TREN_OK;
    return tren_fail(TREN_ERR_CHECKPOINT,
                     "%s has checkpoint version %lld, but this tren reads version %d", path,
                     (long long)version, TREN_CHECKPOINT_VERSION);
}

/* A text that may be missing. */
static tren_status get_known(tren_h5 *file, const char *name, char *text, size_t n) {
    if (!tren_h5_has_attr(file, "/", name)) return TREN_OK;
    return tren_h5_get_text(file, "/", name, text, n);
}

static tren_status get_head(tren_h5 *file, const char *path, tren_checkpoint *c) {
    int64_t canonical = 0;
    TREN_TRY(tren_h5_get_i64(file, "/", "canonical", &canonical));
    if (canonical != 0 && canonical != 1)
        return tren_checkpoint_damaged(path, "canonical is %lld, expected 0 or 1",
                                       (long long)canonical);
    c->canonical = canonical != 0;
    TREN_TRY(tren_h5_get_u64(file, "/", "dataset_digest", &c->dataset_digest));
    if (tren_h5_has_attr(file, "/", "all_rows_digest"))
        TREN_TRY(tren_h5_get_u64(file, "/", "all_rows_digest", &c->rows_digest));
    TREN_TRY(tren_h5_get_text(file, "/", "optimizer", c->optimizer, sizeof c->optimizer));
    TREN_TRY(get_known(file, "blas_core", c->blas_core, sizeof c->blas_core));
    TREN_TRY(get_known(file, "blas_version", c->blas_version, sizeof c->blas_version));
    TREN_TRY(get_known(file, "cpu_level", c->cpu_level, sizeof c->cpu_level));
    TREN_TRY(tren_checkpoint_get_arithmetic(file, path, c));
    TREN_TRY(tren_h5_get_text(file, "/", "precision", c->precision, sizeof c->precision));
    TREN_TRY(tren_checkpoint_get_data(file, path, &c->data));
    return get_position(file, &c->at);
}

static const tren_h5_shape any_row = {.rank = 1, .dim = {TREN_ANY_EXTENT}};

/* Adds a dataset's bytes, as they are stored, to the digest. */
static tren_status digest_dataset(tren_h5 *file, const char *name, const tren_h5_shape *want,
                                  tren_type type, digested *d) {
    void *bytes = NULL;
    TREN_TRY(tren_checkpoint_expect(file, name, want, type, &d->count));
    TREN_TRY(tren_alloc(&bytes, d->count, tren_type_size(type), "a checkpoint"));
    tren_status st = tren_h5_read(file, name, d->count, type, bytes);
    if (st == TREN_OK) tren_digest_add(d->state, bytes, d->count * tren_type_size(type));
    free(bytes);
    return st;
}

/* What shape a parameter has is the network's to know: see read_parameter. */
static tren_status digest_parameter(tren_h5 *file, const char *parameter, tren_type type,
                                    digested *d) {
    char name[128];
    tren_h5_shape shape;
    tren_type stored;
    if (snprintf(name, sizeof name, "/parameters/%s", parameter) >= (int)sizeof name)
        return tren_checkpoint_damaged(tren_h5_path(file), "a parameter is named '%.40s...'",
                                       parameter);
    TREN_TRY(tren_h5_info(file, name, &shape, &stored));
    return digest_dataset(file, name, &shape, type, d);
}

/* Adds the numbers of all parameters to *n_values. */
static tren_status digest_parameters(tren_h5 *file, tren_type type, size_t *n_values,
                                     tren_digest_state *digest) {
    char **name = NULL;
    size_t n = 0;
    digested d = {.state = digest};
    tren_status st = tren_h5_get_texts(file, "/parameters", "names", &name, &n);
    for (size_t i = 0; i < n; i++) {
        if (st == TREN_OK) st = digest_parameter(file, name[i], type, &d);
        *n_values += d.count;
        free(name[i]);
    }
    free(name);
    return st;
}

/* Datasets of numbers that are kept: no more memory than the file has bytes. */
static tren_status get_numbers(tren_h5 *file, const char *name, double **value, size_t *n,
                               tren_digest_state *digest) {
    TREN_TRY(tren_checkpoint_expect(file, name, &any_row, TREN_F64, n));
    TREN_TRY(tren_alloc(value, *n, sizeof **value, "a checkpoint"));
    TREN_TRY(tren_h5_read(file, name, *n, TREN_F64, *value));
    tren_digest_add(digest, *value, *n * sizeof **value);
    return TREN_OK;
}

static tren_status get_scalars(tren_h5 *file, double *scalar, int n, tren_digest_state *digest) {
    const tren_h5_shape shape = {.rank = 1, .dim = {(size_t)n}};
    size_t count;
    if (n == 0) return TREN_OK;
    TREN_TRY(tren_checkpoint_expect(file, "/optimizer/scalars", &shape, TREN_F64, &count));
    TREN_TRY(tren_h5_read(file, "/optimizer/scalars", count, TREN_F64, scalar));
    tren_digest_add(digest, scalar, count * sizeof *scalar);
    return TREN_OK;
}

/* A state has one number for each value of the network. */
static tren_status get_states(tren_h5 *file, tren_checkpoint *c, tren_type type,
                              tren_digest_state *digest) {
    const tren_optimizer *o = tren_optimizer_named(c->optimizer);
    if (!tren_h5_has(file, "/optimizer")) return TREN_OK;
    const tren_h5_shape shape = {.rank = 1, .dim = {c->n_values}};
    bool averages = tren_h5_has(file, "/optimizer/average");
    for (int k = 0; k < o->n_states + averages; k++) {
        char path[64];
        snprintf(path, sizeof path, "/optimizer/%s",
                 k < o->n_states ? o->state_name[k] : "average");
        TREN_TRY(digest_dataset(file, path, &shape, type, &(digested){.state = digest}));
    }
    return get_scalars(file, c->scalar, o->n_scalars, digest);
}

static tren_status get_bytes(tren_h5 *file, const char *name, char **text) {
    size_t n;
    if (!tren_h5_has(file, name)) return tren_alloc(text, 1, 1, "a checkpoint");
    TREN_TRY(tren_checkpoint_expect(file, name, &any_row, TREN_U8, &n));
    TREN_TRY(tren_alloc(text, n + 1, 1, "a checkpoint"));
    return tren_h5_read(file, name, n, TREN_U8, *text);
}

/* Optional ones are as long as the losses. */
static tren_status get_more_history(tren_h5 *file, const char *name, double **value, size_t n,
                                    tren_digest_state *digest) {
    size_t found;
    if (!tren_h5_has(file, name)) return TREN_OK;
    TREN_TRY(get_numbers(file, name, value, &found, digest));
    if (found == n) return TREN_OK;
    return tren_checkpoint_damaged(tren_h5_path(file), "%s has %zu values, and /history %zu losses",
                                   name, found, n);
}

static tren_status get_history(tren_h5 *file, tren_checkpoint *c, tren_digest_state *digest) {
    if (!tren_h5_has(file, "/history")) return TREN_OK;
    TREN_TRY(get_numbers(file, "/history", &c->history, &c->n_history, digest));
    TREN_TRY(get_more_history(file, "/monitored", &c->monitored, c->n_history, digest));
    return get_more_history(file, "/history_se", &c->history_se, c->n_history, digest);
}

static tren_status get_texts(tren_h5 *file, tren_checkpoint *c, tren_digest_state *digest) {
    TREN_TRY(get_bytes(file, "/config", &c->config));
    TREN_TRY(get_bytes(file, "/metrics", &c->metrics));
    tren_digest_add(digest, c->config, strlen(c->config));
    c->n_metrics = strlen(c->metrics);
    tren_digest_add(digest, c->metrics, c->n_metrics);
    tren_checkpoint_digest_data(&c->data, digest);
    return get_history(file, c, digest);
}

static tren_status check_head(const tren_checkpoint *c, const char *path, tren_type *type) {
    bool is_double = strcmp(c->precision, "double") == 0;
    *type = is_double ? TREN_F64 : TREN_F32;
    if (!is_double && strcmp(c->precision, "float") != 0)
        return tren_checkpoint_damaged(path, "precision is '%s', expected float or double",
                                       c->precision);
    if (tren_optimizer_named(c->optimizer)) return TREN_OK;
    return tren_checkpoint_damaged(path, "there is no optimizer '%s'", c->optimizer);
}

static tren_status read_all(tren_h5 *file, tren_checkpoint *c, const char *path,
                            tren_digest_state *digest) {
    char *head = NULL;
    uint64_t stored = 0;
    tren_type type;
    TREN_TRY(check_version(file, path));
    TREN_TRY(get_head(file, path, c));
    TREN_TRY(check_head(c, path, &type));
    TREN_TRY(tren_checkpoint_head(&head, c));
    tren_digest_add(digest, head, strlen(head));
    free(head);
    TREN_TRY(digest_parameters(file, type, &c->n_values, digest));
    TREN_TRY(get_states(file, c, type, digest));
    TREN_TRY(get_texts(file, c, digest));
    TREN_TRY(tren_h5_get_u64(file, "/", "digest", &stored));
    c->digest = stored;
    if (stored == tren_digest_value(digest)) return tren_checkpoint_check(c, path);
    return tren_checkpoint_damaged(
        path, "its content has digest %016llx, but %016llx was stored when it was written",
        (unsigned long long)tren_digest_value(digest), (unsigned long long)stored);
}

tren_status tren_checkpoint_read(tren_checkpoint *c, const char *path) {
    tren_h5 *file = NULL;
    tren_digest_state *digest = NULL;
    tren_status st = TREN_OK;
    *c = (tren_checkpoint){0};
    TREN_GOTO(tren_h5_open(&file, path, TREN_ERR_CHECKPOINT));
    TREN_GOTO(check_format(file, path));
    TREN_GOTO(tren_digest_open(&digest));
    TREN_GOTO(with_remedy(read_all(file, c, path, digest)));
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
    tren_status st = tren_h5_has(file, "parameters") ? TREN_OK : check_format(file, path);
    tren_h5_close(file);
    if (st != TREN_OK || !has_digest) return st;
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
        return tren_fail(TREN_ERR_CHECKPOINT,
                         "%s has no parameter %s: it belongs to another network; set model.* as "
                         "for that network, or give another checkpoint",
                         path, p->name);
    tren_h5_shape shape;
    tren_type type;
    TREN_TRY(tren_h5_info(file, name, &shape, &type));
    bool same = shape.rank == p->rank;
    for (int i = 0; same && i < p->rank; i++) same = shape.dim[i] == (size_t)p->dim[i];
    if (!same)
        return tren_fail(
            TREN_ERR_CHECKPOINT,
            "%s: parameter %s has %zu x %zu values, but the network needs %d x %d: it belongs to "
            "another network; set model.* as for that network, or give another checkpoint",
            path, p->name, shape.dim[0], shape.rank > 1 ? shape.dim[1] : 1, p->dim[0],
            p->rank > 1 ? p->dim[1] : 1);
    TREN_TRY(tren_h5_read(file, name, p->at.len, TREN_REAL, value + p->at.off));
    if (tren_kernels_best()->all_finite(value + p->at.off, p->at.len)) return TREN_OK;
    return tren_checkpoint_damaged(
        path, "the parameter %s has values that are not finite; give another checkpoint", p->name);
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

tren_status tren_checkpoint_read_state(real *out, const char *path, const char *state, size_t n,
                                       tren_span at) {
    tren_h5 *file = NULL;
    char name[64];
    size_t count;
    const tren_h5_shape shape = {.rank = 1, .dim = {n}};
    snprintf(name, sizeof name, "/optimizer/%s", state);
    TREN_TRY(tren_h5_open(&file, path, TREN_ERR_CHECKPOINT));
    tren_status st = tren_checkpoint_expect(file, name, &shape, TREN_REAL, &count);
    if (st == TREN_OK) st = tren_h5_read_rows(file, name, at.off, at.len, TREN_REAL, out);
    tren_h5_close(file);
    return st;
}

tren_status tren_checkpoint_config(tren_config *config, const tren_checkpoint *checkpoint,
                                   const char *path) {
    tren_config_defaults(config);
    config->normalize_targets = false; /* of those that were written before there was the key */
    tren_status st =
        tren_config_load_text(config, checkpoint->config, strlen(checkpoint->config), path);
    if (st != TREN_ERR_USAGE) return st;
    return with_remedy(tren_checkpoint_damaged(path, "its config: %s", tren_error_text()));
}
