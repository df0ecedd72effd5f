#include "export/protobuf.h"

#include <stdlib.h>
#include <string.h>

enum { VARINT = 0, LENGTH = 2, FIXED32 = 5, LONGEST_VARINT = 10 };

static bool reserve(tren_pb *pb, size_t n) {
    if (pb->full || n <= pb->room - pb->n) return !pb->full;
    size_t room = pb->room + pb->room / 2 + n + 4096;
    uint8_t *at = realloc(pb->at, room);
    if (!at) {
        pb->full = true;
        return false;
    }
    pb->at = at;
    pb->room = room;
    return true;
}

/* Seven bits a byte, the lowest first; the top bit says that more follow. */
static size_t encode(uint8_t to[LONGEST_VARINT], uint64_t value) {
    size_t n = 0;
    for (; value > 0x7f; value >>= 7) to[n++] = (uint8_t)(value | 0x80);
    to[n++] = (uint8_t)value;
    return n;
}

static void put(tren_pb *pb, const void *bytes, size_t n) {
    if (n == 0 || !reserve(pb, n)) return;
    memcpy(pb->at + pb->n, bytes, n);
    pb->n += n;
}

static void put_varint(tren_pb *pb, uint64_t value) {
    uint8_t bytes[LONGEST_VARINT];
    put(pb, bytes, encode(bytes, value));
}

static void put_tag(tren_pb *pb, int field, int type) {
    put_varint(pb, (uint64_t)field << 3 | (uint64_t)type);
}

void tren_pb_int(tren_pb *pb, int field, int64_t value) {
    put_tag(pb, field, VARINT);
    put_varint(pb, (uint64_t)value);
}

void tren_pb_head(tren_pb *pb, int field, size_t n) {
    put_tag(pb, field, LENGTH);
    put_varint(pb, n);
}

void tren_pb_bytes(tren_pb *pb, int field, const void *bytes, size_t n) {
    tren_pb_head(pb, field, n);
    put(pb, bytes, n);
}

void tren_pb_text(tren_pb *pb, int field, const char *text) {
    tren_pb_bytes(pb, field, text, strlen(text));
}

void tren_pb_float(tren_pb *pb, int field, float value) {
    put_tag(pb, field, FIXED32);
    put(pb, &value, sizeof value);
}

size_t tren_pb_begin(tren_pb *pb, int field) {
    put_tag(pb, field, LENGTH);
    return pb->n;
}

void tren_pb_end(tren_pb *pb, size_t begun) {
    uint8_t bytes[LONGEST_VARINT];
    size_t n = encode(bytes, pb->n - begun);
    if (!reserve(pb, n)) return;
    memmove(pb->at + begun + n, pb->at + begun, pb->n - begun);
    memcpy(pb->at + begun, bytes, n);
    pb->n += n;
}

void *tren_pb_room(tren_pb *pb, int field, size_t n) {
    tren_pb_head(pb, field, n);
    if (!reserve(pb, n)) return NULL;
    pb->n += n;
    return pb->at + pb->n - n;
}

void tren_pb_close(tren_pb *pb) {
    free(pb->at);
    *pb = (tren_pb){0};
}
