/* Pictures as PNG files (ISO/IEC 15948): 8 bits, grey or RGB. Not collective. */
#ifndef TREN_CLI_PNG_H
#define TREN_CLI_PNG_H

#include "tren/base.h"

typedef struct tren_picture {
    int w, h, channels; /* 1: grey; 3: RGB */
    uint8_t *at;        /* [h, w, channels] owned */
} tren_picture;

/* All of one shade. */
tren_status tren_picture_open(tren_picture *picture, int w, int h, int channels, uint8_t shade);
void tren_picture_close(tren_picture *picture); /* accepts the empty value */
/* What cannot be written shows in ferror(out). */
tren_status tren_png_write(FILE *out, const tren_picture *picture);

#endif
