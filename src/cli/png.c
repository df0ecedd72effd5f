#include "cli/png.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

tren_status tren_picture_open(tren_picture *picture, int w, int h, int channels, uint8_t shade) {
    size_t size = (size_t)w * (size_t)h * (size_t)channels;
    *picture = (tren_picture){.w = w, .h = h, .channels = channels};
    TREN_TRY(tren_alloc(&picture->at, size, 1, "a picture"));
    memset(picture->at, shade, size);
    return TREN_OK;
}

void tren_picture_close(tren_picture *picture) {
    free(picture->at);
    *picture = (tren_picture){0};
}

static void put32(uint8_t *at, size_t value) {
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Length, type, data, and a checksum of the latter two. */
static void write_chunk(FILE *out, const char *type, const uint8_t *data, size_t n) {
    uint8_t word[4];
    put32(word, n);
    fwrite(word, 4, 1, out);
    fwrite(type, 4, 1, out);
    if (n) fwrite(data, n, 1, out);
    uLong sum = crc32(0, (const Bytef *)type, 4);
    if (n) sum = crc32(sum, data, (uInt)n);
    put32(word, sum);
    fwrite(word, 4, 1, out);
}

/* Each row begins with the number of its filter: 0, none. */
static void copy_rows(uint8_t *out, const tren_picture *picture) {
    size_t width = (size_t)picture->w * (size_t)picture->channels;
    for (int i = 0; i < picture->h; i++, out += width + 1) {
        out[0] = 0;
        memcpy(out + 1, picture->at + (size_t)i * width, width);
    }
}

static tren_status pack(uint8_t **packed, size_t *n, const tren_picture *picture) {
    size_t raw = ((size_t)picture->w * (size_t)picture->channels + 1) * (size_t)picture->h;
    uLongf room = compressBound(raw);
    uint8_t *rows;
    TREN_TRY(tren_alloc(&rows, raw, 1, "the rows of a picture"));
    tren_status st;
    TREN_GOTO(tren_alloc(packed, room, 1, "a compressed picture"));
    copy_rows(rows, picture);
    int code = compress2(*packed, &room, rows, raw, Z_BEST_COMPRESSION);
    if (code != Z_OK) st = tren_fail(TREN_ERR_INTERNAL, "zlib cannot compress: code %d", code);
    *n = room;
done:
    free(rows);
    return st;
}

tren_status tren_png_write(FILE *out, const tren_picture *picture) {
    static const uint8_t signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    enum { GREY = 0, RGB = 2 };
    /* width, height; bits, kind; compression, filter and interlace: 0 */
    uint8_t head[13] = {[8] = 8, [9] = picture->channels == 3 ? RGB : GREY};
    uint8_t *packed = NULL;
    size_t n = 0;
    tren_status st;
    TREN_GOTO(pack(&packed, &n, picture));
    put32(head, (size_t)picture->w);
    put32(head + 4, (size_t)picture->h);
    fwrite(signature, sizeof signature, 1, out);
    write_chunk(out, "IHDR", head, sizeof head);
    write_chunk(out, "IDAT", packed, n);
    write_chunk(out, "IEND", NULL, 0);
done:
    free(packed);
    return st;
}
