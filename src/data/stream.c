/* Plain or gzipped files, told apart by their first bytes. */
#include "data/source.h"
#include "base/input.h"
#include "base/why.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { ROOM = 1 << 18, GZIP = 16 + MAX_WBITS };
static const unsigned char magic[2] = {0x1f, 0x8b};

struct tren_stream {
    int fd;
    char *path;                /* owned */
    tren_digest_state *digest; /* not owned; may be NULL */
    bool gzipped, between;     /* in front of a member, of which a file may have several */
    z_stream z;                /* next_in, avail_in: what is read of the file, plain ones too */
    unsigned char in[ROOM];
};

/* Keeps what is left of the buffer and fills the rest. At the end of the file nothing is added. */
static tren_status fill(tren_stream *s) {
    memmove(s->in, s->z.next_in, s->z.avail_in);
    s->z.next_in = s->in;
    while (s->z.avail_in < ROOM) {
        ssize_t came = read(s->fd, s->in + s->z.avail_in, ROOM - s->z.avail_in);
        if (came < 0 && errno == EINTR) continue;
        if (came < 0)
            return tren_fail(TREN_ERR_DATA, "%s: cannot read: %s", s->path, tren_why(errno));
        if (came == 0) return TREN_OK;
        s->z.avail_in += (unsigned)came;
    }
    return TREN_OK;
}

tren_status tren_stream_open(tren_stream **stream, const char *path, tren_digest_state *digest) {
    *stream = NULL;
    int fd;
    TREN_TRY(tren_input_open(&fd, path, TREN_ERR_DATA, "a file"));
    tren_stream *s = calloc(1, sizeof *s);
    if (s) s->path = strdup(path);
    if (!s || !s->path || inflateInit2(&s->z, GZIP) != Z_OK) {
        close(fd);
        if (s) free(s->path);
        free(s);
        return tren_fail_memory(0, path);
    }
    s->fd = fd;
    s->digest = digest;
    s->z.next_in = s->in;
    tren_status st = fill(s);
    s->gzipped = s->between = s->z.avail_in >= 2 && memcmp(s->in, magic, 2) == 0;
    if (st == TREN_OK)
        *stream = s;
    else
        tren_stream_close(s);
    return st;
}

void tren_stream_close(tren_stream *s) {
    if (!s) return;
    inflateEnd(&s->z);
    close(s->fd);
    free(s->path);
    free(s);
}

const char *tren_stream_path(const tren_stream *stream) {
    return stream->path;
}

static tren_status fail_gzip(const tren_stream *s, const char *what) {
    return tren_fail(TREN_ERR_DATA,
                     "%s: cannot read: the compressed file %s: copy or make it again", s->path,
                     what);
}

/* *more: another member begins. Zeros may fill the end of the file, as gzip allows. */
static tren_status next_member(bool *more, tren_stream *s) {
    bool zeros = false;
    *more = false;
    for (;;) {
        if (s->z.avail_in < sizeof magic) TREN_TRY(fill(s));
        if (s->z.avail_in == 0) return TREN_OK;
        if (*s->z.next_in != 0) break;
        zeros = true;
        s->z.next_in++;
        s->z.avail_in--;
    }
    if (zeros || s->z.avail_in < sizeof magic || memcmp(s->z.next_in, magic, sizeof magic) != 0)
        return fail_gzip(s, "has other bytes after its end");
    *more = true;
    s->between = false;
    return inflateReset(&s->z) == Z_OK ? TREN_OK : tren_fail_memory(0, s->path);
}

/* Until the buffer at z.next_out is full, or the file ends. */
static tren_status inflate_some(tren_stream *s) {
    while (s->z.avail_out > 0) {
        bool more = true;
        if (s->between) TREN_TRY(next_member(&more, s));
        if (!more) return TREN_OK;
        if (s->z.avail_in == 0) TREN_TRY(fill(s));
        if (s->z.avail_in == 0) return fail_gzip(s, "is truncated");
        int code = inflate(&s->z, Z_NO_FLUSH);
        if (code == Z_MEM_ERROR) return tren_fail_memory(0, s->path);
        if (code != Z_OK && code != Z_STREAM_END) return fail_gzip(s, "is damaged");
        s->between = code == Z_STREAM_END;
    }
    return TREN_OK;
}

static tren_status copy_some(tren_stream *s) {
    while (s->z.avail_out > 0) {
        if (s->z.avail_in == 0) TREN_TRY(fill(s));
        if (s->z.avail_in == 0) return TREN_OK;
        unsigned n = s->z.avail_in < s->z.avail_out ? s->z.avail_in : s->z.avail_out;
        memcpy(s->z.next_out, s->z.next_in, n);
        s->z.next_in += n;
        s->z.avail_in -= n;
        s->z.next_out += n;
        s->z.avail_out -= n;
    }
    return TREN_OK;
}

tren_status tren_stream_read(tren_stream *s, void *out, size_t n, size_t *got) {
    *got = 0;
    while (*got < n) {
        unsigned want = n - *got < 1 << 24 ? (unsigned)(n - *got) : 1 << 24;
        s->z.next_out = (unsigned char *)out + *got;
        s->z.avail_out = want;
        TREN_TRY(s->gzipped ? inflate_some(s) : copy_some(s));
        *got += want - s->z.avail_out;
        if (s->z.avail_out > 0) break;
    }
    if (s->digest) tren_digest_add(s->digest, out, *got);
    return TREN_OK;
}

tren_status tren_stream_read_all(tren_stream *stream, void *out, size_t n) {
    size_t got;
    TREN_TRY(tren_stream_read(stream, out, n, &got));
    return got == n ? TREN_OK : tren_stream_fail_short(stream, n - got);
}

tren_status tren_stream_fail_short(const tren_stream *stream, size_t missing) {
    return tren_fail(TREN_ERR_DATA,
                     "%s: truncated: %zu more bytes were expected; copy or make it again",
                     stream->path, missing);
}

tren_status tren_stream_expect_end(tren_stream *stream) {
    char byte;
    size_t got;
    TREN_TRY(tren_stream_read(stream, &byte, 1, &got));
    if (got == 0) return TREN_OK;
    return tren_fail(TREN_ERR_DATA, "%s: longer than its header says; copy or make it again",
                     stream->path);
}
