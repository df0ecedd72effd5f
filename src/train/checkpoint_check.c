/* A checkpoint is input: what is read from one is held to these bounds before it is used, whether
 * its digest is right or not. */
#include "base/quote.h"
#include "train/checkpoint.h"

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
        return tren_checkpoint_damaged(path, "best_epoch is %lld and bad_epochs %lld in epoch %lld",
                                       (long long)at->best_epoch, (long long)at->bad_epochs,
                                       (long long)at->epoch + 1);
    if (c->n_history != (size_t)at->epoch && c->n_history != (size_t)at->epoch + 1)
        return tren_checkpoint_damaged(path, "/history has %zu losses in epoch %lld", c->n_history,
                                       (long long)at->epoch + 1);
    return TREN_OK;
}

tren_status tren_checkpoint_check(const tren_checkpoint *c, const char *path) {
    TREN_TRY(check_position(c, path));
    if (strcmp(c->optimizer, "scg") == 0 && !tren_scg_valid(c->scalar))
        return tren_checkpoint_damaged(path, "/optimizer/scalars has values that scg never has");
    return TREN_OK;
}
