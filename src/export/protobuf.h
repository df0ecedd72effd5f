/* Private to export: messages in the wire format of protocol buffers, in memory. A message within
 * another begins with its number of bytes, which is put in front when it ends. */
#ifndef TREN_EXPORT_PROTOBUF_H
#define TREN_EXPORT_PROTOBUF_H

#include "tren/base.h"

typedef struct tren_pb {
    uint8_t *at; /* owned */
    size_t n, room;
    bool full; /* there was no memory: what came since is lost */
} tren_pb;

/* A field of a number (int64, an enum), of bytes or text, of a float. */
void tren_pb_int(tren_pb *pb, int field, int64_t value);
void tren_pb_bytes(tren_pb *pb, int field, const void *bytes, size_t n);
void tren_pb_text(tren_pb *pb, int field, const char *text);
void tren_pb_float(tren_pb *pb, int field, float value);
/* A field that is a message: what is written in between is its content. */
size_t tren_pb_begin(tren_pb *pb, int field);
void tren_pb_end(tren_pb *pb, size_t begun);
/* A field of n bytes, which the caller writes elsewhere, behind all that is here. */
void tren_pb_head(tren_pb *pb, int field, size_t n);
/* n bytes of a field's content, to be filled in by the caller; NULL where there is no memory. */
void *tren_pb_room(tren_pb *pb, int field, size_t n);
void tren_pb_close(tren_pb *pb); /* accepts the empty value */

#endif
