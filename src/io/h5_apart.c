/* Reading by a child process. Chunks go through filters that trust what they are given: a changed
 * byte can make HDF5 read past the end of a buffer. The child sends what it read through a pipe,
 * and what went wrong through shared memory. */
#include "io/h5_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCK_BYTES ((size_t)8 << 20)

/* What the child says at its end. */
typedef struct report {
    bool finished;
    tren_status status;
    char text[2 * TREN_H5_TEXT];
} report;

static bool put_all(int fd, const char *bytes, size_t n) {
    while (n > 0) {
        ssize_t put = write(fd, bytes, n);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return false;
        bytes += put;
        n -= (size_t)put;
    }
    return true;
}

/* The number of bytes that came, n unless the child ended before. */
static size_t get_all(int fd, char *bytes, size_t n) {
    size_t got = 0;
    while (got < n) {
        ssize_t came = read(fd, bytes + got, n - got);
        if (came < 0 && errno == EINTR) continue;
        if (came <= 0) break;
        got += (size_t)came;
    }
    return got;
}

/* ---- the child ------------------------------------------------------------------------------- */

/* A crash is ours to report: no core file, and no words of the C library on stderr. */
static void be_quiet(void) {
    const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGXCPU};
    const struct rlimit none = {0, 0};
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) signal(fatal[i], SIG_DFL);
    setrlimit(RLIMIT_CORE, &none);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
}

/* Damage can make HDF5 loop without end. From now on so many seconds of processor time, and the
 * child is ended by SIGXCPU; each block of rows asks anew. */
static void bound_time(size_t bytes) {
    struct rusage used;
    struct rlimit limit;
    if (getrusage(RUSAGE_SELF, &used) != 0 || getrlimit(RLIMIT_CPU, &limit) != 0) return;
    rlim_t until = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 3 + (bytes >> 22);
    if (until > limit.rlim_max) return;
    limit.rlim_cur = until;
    setrlimit(RLIMIT_CPU, &limit);
}

static _Noreturn void run_child(const tren_h5_task *task, int fd, report *said) {
    be_quiet();
    bound_time(0);
    said->status = task->run(task->ctx, fd);
    snprintf(said->text, sizeof said->text, "%s", tren_error_text());
    said->finished = true;
    _exit(0);
}

/* ---- the parent ------------------------------------------------------------------------------ */

static tren_status judge(const tren_h5_task *task, const report *said, int ended, bool whole) {
    if (said->finished && said->status != TREN_OK) return tren_fail(said->status, "%s", said->text);
    if (said->finished && whole) return TREN_OK;
    int number = WIFSIGNALED(ended) ? WTERMSIG(ended) : 0;
    if (number == SIGKILL)
        return tren_h5_refuse(task->file, task->name,
                              "the process that reads it was killed; is there enough memory?");
    return tren_h5_refuse(
        task->file, task->name,
        "reading it %s (signal %d): the file is damaged; copy or make it again",
        number == SIGXCPU ? "never ends in the HDF5 library" : "crashes the HDF5 library", number);
}

static tren_status receive(const tren_h5_task *task, char *out, size_t bytes, report *said) {
    int end[2];
    if (pipe2(end, O_CLOEXEC) != 0)
        return tren_fail(TREN_ERR_ENV, "cannot make a pipe: %s; see ulimit -n", strerror(errno));
    pid_t child = fork();
    if (child == 0) {
        close(end[0]);
        run_child(task, end[1], said);
    }
    int why = errno, ended = 0;
    close(end[1]);
    bool whole = child > 0 && get_all(end[0], out, bytes) == bytes;
    close(end[0]);
    if (child < 0)
        return tren_fail(TREN_ERR_ENV,
                         "cannot start a process to read %s: %s; see ulimit -u and the free memory",
                         task->file->path, strerror(why));
    while (waitpid(child, &ended, 0) < 0 && errno == EINTR) {
    }
    return judge(task, said, ended, whole);
}

tren_status tren_h5_apart(const tren_h5_task *task, void *out, size_t bytes) {
    report *said =
        mmap(NULL, sizeof *said, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (said == MAP_FAILED)
        return tren_fail(TREN_ERR_INTERNAL, "%s: out of memory", task->file->path);
    tren_status st = receive(task, out, bytes, said);
    munmap(said, sizeof *said);
    return st;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Rows per block: whole chunks, so that none is unpacked twice. */
static size_t rows_per_block(const tren_h5_range *r, size_t row_bytes) {
    tren_h5_shape chunk;
    size_t rows = BLOCK_BYTES / row_bytes + 1;
    if (tren_h5_set_chunk(&chunk, r->set) && chunk.rank > 0 && chunk.dim[0] > 0)
        rows = (rows - 1) / chunk.dim[0] * chunk.dim[0] + chunk.dim[0];
    return rows;
}

static tren_status send_rows(void *ctx, int fd) {
    const tren_h5_range *r = ctx;
    size_t row_bytes = tren_h5_count(&r->set->shape, 1) * tren_type_size(r->type);
    size_t step = rows_per_block(r, row_bytes), end = r->first + r->n;
    char *block;
    TREN_TRY(tren_alloc(&block, r->n < step ? r->n : step, row_bytes, "rows in chunks"));
    tren_status st = TREN_OK;
    tren_h5_range part = *r;
    for (part.first = r->first; part.first < end; part.first += part.n) {
        size_t room = step - part.first % step;
        part.n = end - part.first < room ? end - part.first : room;
        bound_time(part.n * row_bytes);
        TREN_GOTO(tren_h5_range_read(&part, block));
        if (!put_all(fd, block, part.n * row_bytes)) break; /* the parent is gone */
    }
done:
    free(block);
    return st;
}

tren_status tren_h5_range_read_apart(const tren_h5_range *range, void *out) {
    size_t bytes = tren_h5_count(&range->set->shape, 1);
    if (!tren_size_mul(&bytes, bytes, tren_type_size(range->type)) ||
        !tren_size_mul(&bytes, bytes, range->n))
        return tren_h5_refuse(range->file, range->name,
                              "has more values than memory can hold: use less data");
    if (bytes == 0) return TREN_OK;
    tren_h5_range copy = *range;
    tren_h5_task task = {range->file, range->name, send_rows, &copy};
    return tren_h5_apart(&task, out, bytes);
}
