#include "export/safetensors_json.h"

#include "base/input.h"
#include "base/quote.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LENGTH = 8 };
#define LONGEST_HEADER 100000000 /* as the format has it */

tren_status safetensors_bad(const safetensors *s, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    tren_quote_message(text, sizeof text, format, args);
    va_end(args);
    return tren_fail(TREN_ERR_DATA,
                     "%s is damaged, or not a safetensors file: %s; save it again, with 'tren "
                     "export --to safetensors' or the package safetensors",
                     s->path, text);
}

const char *safetensors_shape(char out[SAFETENSORS_TEXT], int rank, const size_t *dim) {
    size_t n = (size_t)snprintf(out, SAFETENSORS_TEXT, "%s", rank ? "" : "one number");
    for (int i = 0; i < rank && n < SAFETENSORS_TEXT; i++)
        n += (size_t)snprintf(out + n, SAFETENSORS_TEXT - n, "%s%zu", i ? " x " : "", dim[i]);
    return out;
}

/* ---- the file ---------------------------------------------------------------------------------
 */

static tren_status read_header(safetensors *s) {
    struct stat info;
    uint64_t length = 0;
    if (fstat(fileno(s->file), &info) != 0) info.st_size = 0;
    size_t size = (size_t)info.st_size;
    if (size < LENGTH || fread(&length, LENGTH, 1, s->file) != 1)
        return safetensors_bad(s, "it has %zu bytes, but the length of its header alone takes 8",
                               size);
    if (length > size - LENGTH)
        return safetensors_bad(s, "its header should have %llu bytes, but %zu follow",
                               (unsigned long long)length, size - LENGTH);
    if (length > LONGEST_HEADER)
        return safetensors_bad(s, "its header has %llu bytes, but at most %d are allowed",
                               (unsigned long long)length, LONGEST_HEADER);
    s->n_header = (size_t)length;
    s->data = LENGTH + s->n_header;
    s->n_data = size - s->data;
    TREN_TRY(tren_alloc(&s->header, s->n_header + 1, 1, "the header of a file"));
    if (fread(s->header, 1, s->n_header, s->file) != s->n_header)
        return safetensors_bad(s, "its header cannot be read: %s", strerror(errno));
    if (s->header[0] == '{') return TREN_OK;
    return safetensors_bad(s, "its header does not begin with {");
}

/* ---- what the header says, held to the data ---------------------------------------------------
 */

/* Bytes of a number; 0: nobody knows. */
static size_t bytes_of(const char *dtype) {
    static const struct {
        const char *name;
        size_t bytes;
    } known[] = {{"F64", 8},  {"F32", 4},     {"F16", 2},     {"BF16", 2}, {"I64", 8}, {"I32", 4},
                 {"I16", 2},  {"I8", 1},      {"U64", 8},     {"U32", 4},  {"U16", 2}, {"U8", 1},
                 {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"C64", 8}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, dtype) == 0) return known[i].bytes;
    return 0;
}

static tren_status check_tensor(const safetensors *s, safetensor *t) {
    char text[SAFETENSORS_TEXT];
    size_t bytes = bytes_of(t->dtype);
    bool fits = true;
    t->count = 1;
    for (int i = 0; i < t->rank; i++) fits = fits && tren_size_mul(&t->count, t->count, t->dim[i]);
    if (bytes == 0)
        return safetensors_bad(s, "tensor '%.80s' has an unknown dtype '%s'", t->name, t->dtype);
    if (t->begin > t->end || t->end > s->n_data)
        return safetensors_bad(
            s,
            "tensor '%.80s' lies at bytes %zu to %zu, and there are %zu bytes of "
            "data",
            t->name, t->begin, t->end, s->n_data);
    if (fits && tren_size_mul(&bytes, bytes, t->count) && bytes == t->end - t->begin)
        return TREN_OK;
    return safetensors_bad(s, "tensor '%.80s' of %s %s has %zu bytes", t->name,
                           safetensors_shape(text, t->rank, t->dim), t->dtype, t->end - t->begin);
}

static int by_place(const void *a, const void *b) {
    const safetensor *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}
static int by_name(const void *a, const void *b) {
    return strcmp(((const safetensor *)a)->name, ((const safetensor *)b)->name);
}

/* One behind the other, from the first byte to the last. */
static tren_status check_places(safetensors *s) {
    size_t at = 0;
    qsort(s->tensor, s->n, sizeof *s->tensor, by_place);
    for (size_t i = 0; i < s->n; at = s->tensor[i++].end)
        if (s->tensor[i].begin != at)
            return safetensors_bad(s,
                                   "tensor '%.80s' begins at byte %zu of the data, not at %zu, "
                                   "where the one before it ends",
                                   s->tensor[i].name, s->tensor[i].begin, at);
    if (at == s->n_data) return TREN_OK;
    return safetensors_bad(s, "its tensors end at byte %zu of the data, which have %zu", at,
                           s->n_data);
}

static tren_status check_names(safetensors *s) {
    qsort(s->tensor, s->n, sizeof *s->tensor, by_name);
    for (size_t i = 1; i < s->n; i++)
        if (by_name(&s->tensor[i - 1], &s->tensor[i]) == 0)
            return safetensors_bad(s, "two tensors are called '%.80s'", s->tensor[i].name);
    return TREN_OK;
}

tren_status safetensors_open(safetensors *s, const char *path) {
    *s = (safetensors){.path = path};
    TREN_TRY(tren_input_fopen(&s->file, path, TREN_ERR_DATA, "a safetensors file"));
    TREN_TRY(read_header(s));
    TREN_TRY(safetensors_parse(s));
    if (s->n == 0) return safetensors_bad(s, "it has no tensor");
    for (size_t i = 0; i < s->n; i++) TREN_TRY(check_tensor(s, &s->tensor[i]));
    TREN_TRY(check_places(s));
    return check_names(s);
}

void safetensors_close(safetensors *s) {
    for (size_t i = 0; i < s->n; i++) free(s->tensor[i].name);
    free(s->tensor);
    free(s->header);
    if (s->file) fclose(s->file);
    *s = (safetensors){0};
}

static int named(const void *name, const void *tensor) {
    return strcmp(name, ((const safetensor *)tensor)->name);
}

const safetensor *safetensors_find(safetensors *s, const char *name) {
    safetensor *t = bsearch(name, s->tensor, s->n, sizeof *s->tensor, named);
    if (t) t->used = true;
    return t;
}
