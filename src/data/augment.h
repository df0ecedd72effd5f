/* How one image is moved. */
#ifndef TREN_DATA_AUGMENT_H
#define TREN_DATA_AUGMENT_H

#include "tren/kernels.h"

/* What happens to an image, in this order, about its centre. */
typedef struct tren_move {
    bool flip_horizontal, flip_vertical;
    double zoom;    /* above 1: larger */
    double degrees; /* clockwise, as rows count downwards */
    double right, down;
} tren_move;

/* Shifts and flips by whole pixels: no value is between two. */
bool tren_warp_is_whole(const tren_warp *map);
/* The map of the move, from the result to where it comes from. Quarter turns, flips and whole
 * pixels are exact. */
tren_warp tren_move_warp(const tren_move *move, tren_shape shape);

#endif
