/* NumPy's npz: a zip file of arrays that are stored as they are, each with the head of an npy file,
 * version 1.0 (numpy.lib.format; PKWARE's APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16). */
#include "export/formats.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { NPY_HEAD = 128, LOCAL_HEAD = 30, CENTRAL_HEAD = 46, LONGEST = TREN_EXPORT_NAME + 4 };

/* A file in the archive. */
typedef struct member {
    tren_export_array array;
    char head[NPY_HEAD];
    char name[LONGEST];
    uint32_t crc, size, at; /* at: where its local header begins */
} member;

static uint8_t *put16(uint8_t *to, unsigned value) {
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
    return to + 2;
}
static uint8_t *put32(uint8_t *to, uint32_t value) {
    return put16(put16(to, value & 0xffff), value >> 16);
}

static size_t put_dims(char *to, size_t room, const tren_export_array *a) {
    size_t n = 0;
    for (int i = 0; i < a->rank; i++)
        n += (size_t)snprintf(to + n, room - n, "%d%s", a->dim[i],
                              a->rank == 1 ? "," : (i + 1 < a->rank ? ", " : ""));
    return n;
}

/* Magic, version, the length of what follows, and a dictionary of Python, filled up with blanks. */
static void fill_head(member *m) {
    char dims[80], text[NPY_HEAD];
    put_dims(dims, sizeof dims, &m->array);
    int n =
        snprintf(text, sizeof text, "{'descr': '<f%d', 'fortran_order': False, 'shape': (%s), }",
                 m->array.is_double ? 8 : 4, dims);
    memset(m->head, ' ', sizeof m->head);
    memcpy(m->head, "\x93NUMPY\1\0", 8);
    put16((uint8_t *)m->head + 8, NPY_HEAD - 10);
    memcpy(m->head + 10, text, (size_t)n);
    m->head[NPY_HEAD - 1] = '\n';
}

static uint32_t checksum(const member *m) {
    uLong sum = crc32(0, (const Bytef *)m->head, sizeof m->head);
    return (uint32_t)crc32_z(sum, m->array.at, m->array.bytes);
}

/* What both headers have: version, flags, method (stored), the time (1980-01-01, so that equal
 * weights give equal files), checksum, sizes, and the length of the name. */
static uint8_t *put_common(uint8_t *to, const member *m) {
    static const unsigned fixed[] = {20, 0, 0, 0, 0x21};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) to = put16(to, fixed[i]);
    to = put32(put32(put32(to, m->crc), m->size), m->size);
    return put16(put16(to, (unsigned)strlen(m->name)), 0);
}

static void write_member(FILE *out, const member *m) {
    uint8_t head[LOCAL_HEAD];
    put_common(put32(head, 0x04034b50), m);
    fwrite(head, sizeof head, 1, out);
    fwrite(m->name, strlen(m->name), 1, out);
    fwrite(m->head, sizeof m->head, 1, out);
    fwrite(m->array.at, m->array.bytes, 1, out);
}

/* Behind the common part: no comment, disk 0, no attributes. */
static void write_central(FILE *out, const member *m) {
    uint8_t head[CENTRAL_HEAD] = {0};
    put_common(put16(put32(head, 0x02014b50), 20), m);
    put32(head + CENTRAL_HEAD - 4, m->at);
    fwrite(head, sizeof head, 1, out);
    fwrite(m->name, strlen(m->name), 1, out);
}

static void write_end(FILE *out, int n, uint32_t at, uint32_t bytes) {
    uint8_t end[22] = {0};
    uint8_t *to = put32(put32(end, 0x06054b50), 0);
    put32(put32(put16(put16(to, (unsigned)n), (unsigned)n), bytes), at);
    fwrite(end, sizeof end, 1, out);
}

static size_t local_size(const member *m) {
    return LOCAL_HEAD + strlen(m->name) + m->size;
}

/* Fills the members in; *n: their number, *bytes: of all of them in the file. */
static tren_status plan(member *m, int *n, size_t *bytes, const tren_export *e) {
    for (*n = 0, *bytes = 0; tren_export_get(&m[*n].array, e, *n); ++*n) {
        member *one = &m[*n];
        size_t size = NPY_HEAD + one->array.bytes;
        snprintf(one->name, sizeof one->name, "%s.npy", one->array.name);
        if (*n > 0xfff0 || *bytes + size > UINT32_MAX - (1U << 24))
            return tren_fail(TREN_ERR_USAGE, "--to: npz holds at most 4 GiB and 65,000 arrays, but "
                                             "these weights are larger; give safetensors");
        fill_head(one);
        one->crc = checksum(one);
        one->size = (uint32_t)size;
        one->at = (uint32_t)*bytes;
        *bytes += local_size(one);
    }
    return TREN_OK;
}

static void write_all(FILE *out, const member *m, int n, size_t bytes) {
    uint32_t central = 0;
    for (int i = 0; i < n; i++) write_member(out, &m[i]);
    for (int i = 0; i < n; i++) {
        write_central(out, &m[i]);
        central += CENTRAL_HEAD + (uint32_t)strlen(m[i].name);
    }
    write_end(out, n, (uint32_t)bytes, central);
}

static tren_status write_npz(FILE *out, const tren_export *e) {
    member *m = NULL;
    int n = 0;
    size_t bytes;
    for (tren_export_array a; tren_export_get(&a, e, n); n++) continue;
    TREN_TRY(tren_alloc(&m, (size_t)n + 1, sizeof *m, "the arrays of a file"));
    tren_status st = plan(m, &n, &bytes, e);
    if (st == TREN_OK) write_all(out, m, n, bytes);
    free(m);
    return st;
}

const tren_export_format tren_export_npz = {
    .name = "npz",
    .help = "NumPy arrays, a zip file with one array per weight",
    .ending = ".npz",
    .write = write_npz};
