/* The tensors of a safetensors file become the weights of a network. */
#include "export/safetensors_header.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ----------------------------------------------------------------------------------
 */

/* Half precision (IEEE 754 binary16): sign, 5 bits of exponent, 10 of fraction. */
static double from_half(uint16_t bits) {
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double size = exponent == 0    ? ldexp(fraction, -24)
                  : exponent == 31 ? (fraction ? NAN : INFINITY)
                                   : ldexp(fraction + 1024, exponent - 25);
    return bits >> 15 ? -size : size;
}

/* The upper half of a float. */
static double from_brain(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static double number_at(const char *at, const char *dtype) {
    double whole;
    float single;
    uint16_t half;
    if (strcmp(dtype, "F64") == 0) return memcpy(&whole, at, sizeof whole), whole;
    if (strcmp(dtype, "F32") == 0) return memcpy(&single, at, sizeof single), (double)single;
    memcpy(&half, at, sizeof half);
    return strcmp(dtype, "BF16") == 0 ? from_brain(half) : from_half(half);
}

static tren_status read_bytes(const safetensors *s, const safetensor *t, char *bytes) {
    size_t n = t->end - t->begin;
    bool good = fseeko(s->file, (off_t)(s->data + t->begin), SEEK_SET) == 0 &&
                fread(bytes, 1, n, s->file) == n;
    if (good) return TREN_OK;
    return tren_fail(TREN_ERR_DATA, "%s: cannot read: %s", s->path,
                     ferror(s->file) ? strerror(errno)
                                     : "the file has become shorter; start again");
}

/* value [count]; only dtypes of reals come here. */
static tren_status read_numbers(const safetensors *s, const safetensor *t, double *value) {
    char *bytes = NULL;
    size_t n = t->end - t->begin, size = t->count ? n / t->count : 1;
    TREN_TRY(tren_alloc(&bytes, n, 1, "a tensor"));
    tren_status st = read_bytes(s, t, bytes);
    for (size_t i = 0; i < t->count && st == TREN_OK; i++) {
        value[i] = number_at(bytes + i * size, t->dtype);
        if (!isfinite((real)value[i]))
            st = tren_fail(
                TREN_ERR_DATA,
                "%s: tensor %s has the value %g at %zu, which is not finite; save finite weights",
                s->path, t->name, value[i], i);
    }
    free(bytes);
    return st;
}

static bool is_real(const safetensor *t) {
    static const char *const real_dtype[] = {"F64", "F32", "F16", "BF16"};
    for (size_t i = 0; i < sizeof real_dtype / sizeof *real_dtype; i++)
        if (strcmp(t->dtype, real_dtype[i]) == 0) return true;
    return false;
}

/* ---- parameters -------------------------------------------------------------------------------
 */

/* The first few names, of which one may be meant. */
static const char *some_names(char out[SAFETENSORS_TEXT], const safetensors *s) {
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < s->n && n < SAFETENSORS_TEXT - 60; i++)
        n += (size_t)snprintf(out + n, SAFETENSORS_TEXT - n, "%s%.40s", i ? ", " : "",
                              s->tensor[i].name);
    return out;
}

static const char *param_shape(char out[SAFETENSORS_TEXT], const tren_param *p) {
    size_t dim[4];
    for (int i = 0; i < p->rank; i++) dim[i] = (size_t)p->dim[i];
    return safetensors_shape(out, p->rank, dim);
}

static tren_status check_param(const safetensors *s, const safetensor *t, const tren_param *p,
                               const char *name) {
    char has[SAFETENSORS_TEXT], wants[SAFETENSORS_TEXT];
    if (!t)
        return tren_fail(
            TREN_ERR_DATA,
            "%s has no tensor %s (%s), which the network of the config has; rename the tensor in "
            "the file, or give the config of its network. The file has: %s",
            s->path, name, param_shape(wants, p), some_names(has, s));
    bool same = t->rank == p->rank;
    for (int i = 0; i < p->rank && same; i++) same = t->dim[i] == (size_t)p->dim[i];
    if (!same)
        return tren_fail(TREN_ERR_DATA,
                         "%s: tensor %s is %s, but in the network of the config %s; give the "
                         "config of the network that the file belongs to",
                         s->path, name, safetensors_shape(has, t->rank, t->dim),
                         param_shape(wants, p));
    if (is_real(t)) return TREN_OK;
    return tren_fail(TREN_ERR_DATA, "%s: tensor %s has dtype %s; save it as F32, F64, F16 or BF16",
                     s->path, name, t->dtype);
}

static tren_status read_param(real *value, safetensors *s, const tren_param *p, double *room) {
    char name[TREN_EXPORT_NAME];
    const safetensor *t = safetensors_find(s, tren_export_name(name, p));
    TREN_TRY(check_param(s, t, p, name));
    TREN_TRY(read_numbers(s, t, room));
    for (size_t i = 0; i < p->at.len; i++) value[p->at.off + i] = (real)room[i];
    return TREN_OK;
}

static tren_status read_params(real *value, safetensors *s, const tren_graph *g) {
    size_t most = 0;
    double *room = NULL;
    for (int i = 0; i < g->n_params; i++)
        if (g->param[i].at.len > most) most = g->param[i].at.len;
    TREN_TRY(tren_alloc(&room, most, sizeof *room, "a tensor"));
    tren_status st = TREN_OK;
    for (int i = 0; i < g->n_params && st == TREN_OK; i++)
        st = read_param(value, s, &g->param[i], room);
    free(room);
    return st;
}

/* ---- what else there may be -------------------------------------------------------------------
 */

static bool is_counter(const char *name) {
    static const char end[] = ".num_batches_tracked";
    size_t n = strlen(name), m = sizeof end - 1;
    return n >= m && strcmp(name + n - m, end) == 0;
}

static tren_status check_rest(const safetensors *s) {
    char text[SAFETENSORS_TEXT];
    for (size_t i = 0; i < s->n; i++) {
        const safetensor *t = &s->tensor[i];
        if (t->used || is_counter(t->name)) continue;
        return tren_fail(
            TREN_ERR_DATA,
            "%s has a tensor '%.80s' (%s), which the network of the config does not have; remove "
            "it, or give the config of the network that the file belongs to",
            s->path, t->name, safetensors_shape(text, t->rank, t->dim));
    }
    return TREN_OK;
}

static tren_status read_statistic(double **value, const safetensors *s, const safetensor *t) {
    if (!is_real(t) || t->rank != 1)
        return tren_fail(TREN_ERR_DATA, "%s: %s is not a list of real numbers; remove it", s->path,
                         t->name);
    TREN_TRY(tren_alloc(value, t->count, sizeof **value, "the normalisation"));
    return read_numbers(s, t, *value);
}

static tren_status read_pair(double **mean, double **sd, size_t *n, safetensors *s,
                             const char *const name[2]) {
    const safetensor *a = safetensors_find(s, name[0]), *b = safetensors_find(s, name[1]);
    if (!a && !b) return TREN_OK;
    if (!a || !b || a->count != b->count || a->count == 0)
        return tren_fail(TREN_ERR_DATA,
                         "%s: %s and %s must have the same length; give both, or none", s->path,
                         name[0], name[1]);
    TREN_TRY(read_statistic(mean, s, a));
    TREN_TRY(read_statistic(sd, s, b));
    *n = a->count;
    return TREN_OK;
}

static tren_status read_normalization(tren_import *i, safetensors *s) {
    static const char *const input[] = {TREN_EXPORT_MEAN, TREN_EXPORT_SD},
                             *const target[] = {TREN_EXPORT_TARGET_MEAN, TREN_EXPORT_TARGET_SD};
    TREN_TRY(read_pair(&i->mean, &i->sd, &i->n_stats, s, input));
    return read_pair(&i->target_mean, &i->target_sd, &i->n_targets, s, target);
}

tren_status tren_import_safetensors(real *value, tren_import *import, const tren_graph *graph,
                                    const char *path) {
    safetensors s;
    *import = (tren_import){0};
    tren_status st;
    TREN_GOTO(safetensors_open(&s, path));
    TREN_GOTO(read_params(value, &s, graph));
    TREN_GOTO(read_normalization(import, &s));
    TREN_GOTO(check_rest(&s));
done:
    safetensors_close(&s);
    if (st != TREN_OK) tren_import_close(import);
    return st;
}

void tren_import_close(tren_import *import) {
    free(import->mean);
    free(import->sd);
    free(import->target_mean);
    free(import->target_sd);
    *import = (tren_import){0};
}
