/* Plain or gzipped files, by zlib, which tells them apart by their first bytes. */
#include "data/source.h"
#include "base/input.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

struct tren_stream {
    gzFile file;
    char *path;                /* owned */
    tren_digest_state *digest; /* not owned; may be NULL */
};

tren_status tren_stream_open(tren_stream **stream, const char *path, tren_digest_state *digest) {
    *stream = NULL;
    int fd;
    TREN_TRY(tren_input_open(&fd, path, TREN_ERR_DATA, "a file"));
    tren_stream *opened = calloc(1, sizeof *opened);
    if (opened) opened->file = gzdopen(fd, "rb");
    if (!opened || !opened->file || !(opened->path = strdup(path))) {
        if (!opened || !opened->file) close(fd);
        tren_stream_close(opened);
        return tren_fail(TREN_ERR_INTERNAL, "%s: out of memory", path);
    }
    opened->digest = digest;
    gzbuffer(opened->file, 1 << 18);
    *stream = opened;
    return TREN_OK;
}

void tren_stream_close(tren_stream *stream) {
    if (!stream) return;
    if (stream->file) gzclose(stream->file);
    free(stream->path);
    free(stream);
}

const char *tren_stream_path(const tren_stream *stream) {
    return stream->path;
}

static tren_status read_failed(tren_stream *stream) {
    int code;
    const char *why = gzerror(stream->file, &code);
    if (code == Z_ERRNO) why = strerror(errno);
    if (code == Z_BUF_ERROR) why = "the compressed file is truncated: copy or make it again";
    if (code == Z_DATA_ERROR) why = "the compressed file is damaged: copy or make it again";
    return tren_fail(TREN_ERR_DATA, "%s: cannot read: %s", stream->path, why);
}

tren_status tren_stream_read(tren_stream *stream, void *out, size_t n, size_t *got) {
    *got = 0;
    while (*got < n) {
        size_t want = n - *got < (1 << 24) ? n - *got : 1 << 24;
        int came = gzread(stream->file, (char *)out + *got, (unsigned)want);
        if (came < 0) return read_failed(stream);
        if (came == 0) break;
        *got += (size_t)came;
    }
    int code;
    gzerror(stream->file, &code);
    if (code == Z_BUF_ERROR) return read_failed(stream);
    if (stream->digest) tren_digest_add(stream->digest, out, *got);
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
