/* A checkpoint is input: what is read from one is held to these bounds before it is used, whether
 * its digest is right or not. */
#include "base/quote.h"
#include "train/checkpoint.h"
#include "train/early_stop.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

tren_status tren_checkpoint_damaged(const char *path, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    tren_quote_message(text, sizeof text, format, args);
    va_end(args);
    return tren_fail(TREN_ERR_CHECKPOINT, "%s is damaged: %s", path, text);
}

/* "[3, 4]"; an extent that may be any is a star. */
static const char *say_shape(char out[256], const tren_h5_shape *shape) {
    size_t n = (size_t)snprintf(out, 256, "[");
    for (int i = 0; i < shape->rank; i++) {
        char dim[32] = "*";
        if (shape->dim[i] != TREN_ANY_EXTENT) snprintf(dim, sizeof dim, "%zu", shape->dim[i]);
        n += (size_t)snprintf(out + n, 256 - n, "%s%s", i > 0 ? ", " : "", dim);
    }
    snprintf(out + n, 256 - n, "]");
    return out;
}

tren_status tren_checkpoint_expect(tren_h5 *file, const char *name, const tren_h5_shape *want,
                                   tren_type type, size_t *count) {
    tren_h5_shape has = {0};
    tren_type stored;
    char is[256], should[256];
    TREN_TRY(tren_h5_info(file, name, &has, &stored));
    bool same = has.rank == want->rank && stored == type;
    for (int i = 0; same && i < has.rank; i++)
        same = want->dim[i] == TREN_ANY_EXTENT || want->dim[i] == has.dim[i];
    if (!same)
        return tren_checkpoint_damaged(tren_h5_path(file), "%s has %s %s, expected %s %s", name,
                                       tren_type_name(stored), say_shape(is, &has),
                                       tren_type_name(type), say_shape(should, want));
    size_t most = tren_h5_bytes(file) / tren_type_size(type); /* nothing in it is compressed */
    *count = 1;
    for (int i = 0; i < has.rank; i++) {
        if (has.dim[i] > 0 && *count > most / has.dim[i])
            return tren_checkpoint_damaged(tren_h5_path(file),
                                           "%s claims to be larger than the file", name);
        *count *= has.dim[i];
    }
    return TREN_OK;
}

static double value_of(const position_field *f, const tren_position *at) {
    const void *value = (const char *)at + f->at;
    return f->type == POSITION_F64 ? *(const double *)value : (double)*(const int64_t *)value;
}

static tren_status check_position(const tren_checkpoint *c, const char *path) {
    for (int i = 0; i < tren_n_position_fields; i++) {
        const position_field *f = &tren_position_fields[i];
        double value = value_of(f, &c->at);
        bool good = (value >= f->least && value <= f->most) || (f->or_nan && isnan(value));
        if (f->type == POSITION_U64 || good) continue;
        return tren_checkpoint_damaged(path, "%s is %.17g, expected %g to %g", f->name, value,
                                       f->least, f->most);
    }
    const tren_position *at = &c->at;
    if (at->best_epoch > at->epoch + 1 || at->bad_epochs > at->epoch + 1)
        return tren_checkpoint_damaged(
            path, "best_epoch is %lld, but bad_epochs %lld in epoch %lld",
            (long long)at->best_epoch, (long long)at->bad_epochs, (long long)at->epoch + 1);
    if (c->n_history != (size_t)at->epoch && c->n_history != (size_t)at->epoch + 1)
        return tren_checkpoint_damaged(path, "/history has %zu losses in epoch %lld", c->n_history,
                                       (long long)at->epoch + 1);
    return TREN_OK;
}

/* The best epoch is the first of the lowest loss that the history has, or of what is monitored. */
static tren_status check_best(const tren_checkpoint *c, const char *path) {
    tren_judged judged = {.value = c->monitored ? c->monitored : c->history, .n = c->n_history};
    size_t best = tren_best_epoch(judged);
    double loss = best > 0 ? c->history[best - 1] : c->at.best_loss;
    if ((size_t)c->at.best_epoch == best && c->at.best_loss == loss) return TREN_OK;
    return tren_checkpoint_damaged(path,
                                   "%s has its lowest value in epoch %zu, with the loss %g, but it "
                                   "says best_loss %g, best_epoch %lld",
                                   c->monitored ? "/monitored" : "/history", best, loss,
                                   c->at.best_loss, (long long)c->at.best_epoch);
}

/* ---- metrics: rows of what history and position say too ---------------------------------------
 */

enum { EPOCH, TRAIN_LOSS = 2, VALIDATION_LOSS = 4, DIGEST = 11 }; /* columns */

static bool cell_is(const char *row, int column, const char *want) {
    for (int i = 0; i < column; i++) {
        row += strcspn(row, ",\n");
        if (*row != ',') return false;
        row++;
    }
    size_t n = strcspn(row, ",\n");
    return n == strlen(want) && memcmp(row, want, n) == 0;
}

static bool number_is(const char *row, int column, double value) {
    char text[32] = "";
    if (!isnan(value)) snprintf(text, sizeof text, "%.9g", value);
    return cell_is(row, column, text);
}

static bool row_is(const char *row, const tren_checkpoint *c, size_t i) {
    char digest[32];
    const tren_position *at = &c->at;
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)at->best_digest);
    return number_is(row, EPOCH, (double)(i + 1)) &&
           number_is(row, VALIDATION_LOSS, c->history[i]) &&
           ((size_t)at->best_epoch != i + 1 || cell_is(row, DIGEST, digest)) &&
           (i + 1 < c->n_history || number_is(row, TRAIN_LOSS, at->last_train_loss));
}

static tren_status check_metrics(const tren_checkpoint *c, const char *path) {
    const char *row = c->metrics;
    size_t i = 0;
    row += strcspn(row, "\n"); /* the header */
    for (row += *row == '\n'; *row; row += *row == '\n', i++) {
        if (i == c->n_history || !row_is(row, c, i))
            return tren_checkpoint_damaged(path,
                                           "row %zu of /metrics does not match /history, "
                                           "best_digest and last_train_loss of that epoch",
                                           i + 1);
        row += strcspn(row, "\n");
    }
    if (i == c->n_history) return TREN_OK;
    return tren_checkpoint_damaged(path, "/metrics has %zu rows, but /history %zu losses", i,
                                   c->n_history);
}

/* ---- the state of an optimizer ----------------------------------------------------------------
 */

/* Means of squares may overflow to infinity, but are not negative; the rest is finite as long as
 * the weights are. */
tren_status tren_checkpoint_check_state(const real *value, size_t n, const char *state,
                                        const char *path) {
    bool squares = strcmp(state, "square") == 0;
    for (size_t i = 0; i < n; i++)
        if (squares ? !(value[i] >= 0) : !isfinite(value[i]))
            return tren_fail(TREN_ERR_CHECKPOINT,
                             "%s is damaged: /optimizer/%s has the value %g, which cannot come "
                             "from training; give another folder with --out, or train again",
                             path, state, (double)value[i]);
    return TREN_OK;
}

tren_status tren_checkpoint_check(const tren_checkpoint *c, const char *path) {
    TREN_TRY(check_position(c, path));
    TREN_TRY(check_best(c, path));
    TREN_TRY(check_metrics(c, path));
    const tren_optimizer *o = tren_optimizer_named(c->optimizer);
    if (o->valid && !o->valid(c->scalar))
        return tren_checkpoint_damaged(path, "/optimizer/scalars has values that %s never has",
                                       o->name);
    return TREN_OK;
}
