/* Formats: a record is length (8 bytes, little-endian), its masked CRC-32C, the bytes, theirs
 * (TensorFlow, tensorflow/core/lib/io/record_writer.h). Event: 1 wall_time double, 2 step int64,
 * 3 file_version string, 5 summary, 7 session_log; Summary: 1 value; Value: 1 tag, 2 simple_value
 * float; SessionLog: 1 status, where 1 is START (tensorflow/core/util/event.proto, summary.proto).
 */
#include "train/tensorboard.h"
#include "base/own.h"
#include "base/why.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char prefix[] = "events.out.tfevents.", suffix[] = ".tren";

/* ---- protocol buffers ------------------------------------------------------------------------ */

enum { MOST_BYTES = 8192, VARINT = 0, DOUBLE = 1, BYTES = 2, FLOAT = 5 };

typedef struct message {
    unsigned char at[MOST_BYTES];
    size_t n;
} message;

static void put_byte(message *m, unsigned byte) {
    if (m->n < MOST_BYTES) m->at[m->n++] = (unsigned char)byte;
}

static void put_fixed(message *m, uint64_t bits, int bytes) {
    for (int i = 0; i < bytes; i++) put_byte(m, (unsigned)(bits >> (8 * i)) & 0xff);
}

static void put_varint(message *m, uint64_t x) {
    for (; x > 0x7f; x >>= 7) put_byte(m, (unsigned)(x & 0x7f) | 0x80);
    put_byte(m, (unsigned)x);
}

static void put_key(message *m, unsigned field, unsigned type) {
    put_varint(m, field << 3 | type);
}

static void put_bytes(message *m, unsigned field, const void *bytes, size_t n) {
    const unsigned char *at = bytes;
    put_key(m, field, BYTES);
    put_varint(m, n);
    for (size_t i = 0; i < n; i++) put_byte(m, at[i]);
}

static void put_scalar(message *summary, const char *tag, size_t n, double x) {
    message value = {.n = 0};
    float simple = (float)x;
    uint32_t bits;
    memcpy(&bits, &simple, sizeof bits);
    put_bytes(&value, 1, tag, n);
    put_key(&value, 2, FLOAT);
    put_fixed(&value, bits, 4);
    put_bytes(summary, 1, value.at, value.n);
}

static void begin_event(message *event, double wall, int64_t step) {
    uint64_t bits;
    memcpy(&bits, &wall, sizeof bits);
    event->n = 0;
    put_key(event, 1, DOUBLE);
    put_fixed(event, bits, 8);
    if (step == 0) return;
    put_key(event, 2, VARINT);
    put_varint(event, (uint64_t)step);
}

/* ---- records --------------------------------------------------------------------------------- */

/* Castagnoli's polynomial, bit by bit: a row is short. */
static uint32_t crc32c(const unsigned char *at, size_t n) {
    uint32_t crc = ~0u;
    for (size_t i = 0; i < n; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

static void put_masked(message *m, const unsigned char *at, size_t n) {
    uint32_t crc = crc32c(at, n);
    put_fixed(m, (uint32_t)((crc >> 15 | crc << 17) + 0xa282ead8u), 4);
}

static bool write_record(FILE *file, const message *event) {
    message head = {.n = 0}, tail = {.n = 0};
    put_fixed(&head, event->n, 8);
    put_masked(&head, head.at, 8);
    put_masked(&tail, event->at, event->n);
    return fwrite(head.at, 1, head.n, file) == head.n &&
           fwrite(event->at, 1, event->n, file) == event->n &&
           fwrite(tail.at, 1, tail.n, file) == tail.n;
}

/* ---- rows of metrics.csv --------------------------------------------------------------------- */

/* The cell of `line` at the place of `name` in `header`; NULL: it has fewer. */
static const char *cell_at(const char *line, int i) {
    for (; i > 0; i--) {
        line += strcspn(line, ",\n");
        if (*line++ != ',') return NULL;
    }
    return line;
}

/* A value for each column of the row that is a number. The first column, the epoch, is the step. */
static bool write_row(FILE *file, const char *header, const char *row, double wall) {
    static const char digest[] = "digest";
    message summary = {.n = 0}, event;
    const char *name = header;
    for (int i = 0; name; i++) {
        const char *cell = cell_at(row, i);
        size_t n = strcspn(name, ",\n");
        char *end;
        bool is_digest = n == sizeof digest - 1 && strncmp(name, digest, n) == 0;
        double x = cell ? strtod(cell, &end) : 0;
        if (i > 0 && cell && end > cell && !is_digest) put_scalar(&summary, name, n, x);
        name = name[n] == ',' ? name + n + 1 : NULL;
    }
    begin_event(&event, wall, strtoll(row, NULL, 10));
    put_bytes(&event, 5, summary.at, summary.n);
    return write_record(file, &event);
}

/* The version of the format; and that what an earlier file says of these steps is replaced, for
 * whoever has read it already. */
static bool write_head(FILE *file, double wall) {
    static const char version[] = "brain.Event:2";
    static const unsigned char start[] = {1 << 3 | VARINT, 1};
    message event;
    begin_event(&event, wall, 0);
    put_bytes(&event, 3, version, sizeof version - 1);
    if (!write_record(file, &event)) return false;
    begin_event(&event, wall, 1);
    put_bytes(&event, 7, start, sizeof start);
    return write_record(file, &event);
}

static bool write_all(FILE *file, const char *metrics, double wall) {
    if (!write_head(file, wall)) return false;
    for (const char *row = strchr(metrics, '\n'); row && row[1]; row = strchr(row + 1, '\n'))
        if (!write_row(file, metrics, row + 1, wall)) return false;
    return fflush(file) == 0;
}

/* ---- the file -------------------------------------------------------------------------------- */

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool is_event_file(const char *name) {
    size_t n = strlen(name), tail = sizeof suffix - 1;
    return strncmp(name, prefix, sizeof prefix - 1) == 0 && n > tail &&
           strcmp(name + n - tail, suffix) == 0;
}

static void remove_others(const tren_events *events, const tren_folder *folder) {
    DIR *dir = opendir(folder->path);
    struct dirent *entry;
    while (dir && (entry = readdir(dir)))
        if (is_event_file(entry->d_name) && strcmp(entry->d_name, events->name) != 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir) closedir(dir);
}

/* A name behind all others of the folder, also where the clock went back. */
static void choose_name(tren_events *events, const tren_folder *folder) {
    long long number = (long long)now();
    if (number < events->number) number = events->number;
    DIR *dir = opendir(folder->path);
    struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        if (!is_event_file(entry->d_name)) continue;
        long long other = strtoll(entry->d_name + sizeof prefix - 1, NULL, 10);
        if (other >= number && other < 9999999999) number = other + 1;
    }
    if (dir) closedir(dir);
    events->number = number;
    snprintf(events->name, sizeof events->name, "%s%010lld%s", prefix, number, suffix);
}

static tren_status fail(tren_events *events, const char *path, const char *why) {
    if (events->file) fclose(events->file);
    events->file = NULL;
    return tren_fail(TREN_ERR_ENV, "cannot write %s: %s", path, why);
}

tren_status tren_events_begin(tren_events *events, const tren_folder *folder, const char *metrics) {
    char path[TREN_MAX_PATH + 128];
    const char *why;
    if (!folder->path[0]) return TREN_OK;
    choose_name(events, folder);
    tren_folder_path(path, sizeof path, folder, events->name);
    events->file = tren_own_fopen(path, TREN_OWN_NEW, &why);
    if (!events->file) return fail(events, path, why);
    if (!write_all(events->file, metrics, now())) {
        why = tren_why(errno);
        unlink(path); /* of half a record nobody can read the rest */
        return fail(events, path, why);
    }
    remove_others(events, folder);
    return TREN_OK;
}

tren_status tren_events_row(tren_events *events, const tren_folder *folder, const char *metrics) {
    char path[TREN_MAX_PATH + 128];
    size_t n = strlen(metrics);
    if (!events->file) return tren_events_begin(events, folder, metrics);
    while (n > 1 && metrics[n - 2] != '\n') n--;
    if (write_row(events->file, metrics, metrics + n - 1, now()) && fflush(events->file) == 0)
        return TREN_OK;
    tren_folder_path(path, sizeof path, folder, events->name);
    const char *why = tren_why(errno);
    unlink(path);
    return fail(events, path, why);
}

void tren_events_close(tren_events *events) {
    if (events->file) fclose(events->file);
    events->file = NULL;
}
