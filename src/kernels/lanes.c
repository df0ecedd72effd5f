/* Between rows of images and blocks of lanes, and what needs no layer of its own. */
#include "kernels/level.h"

void LEVEL(lanes_pack)(real *restrict block, const real *restrict row, int n, int size) {
    for (int i = 0; i < size; i++)
        for (int l = 0; l < TREN_LANES; l++)
            block[(size_t)i * TREN_LANES + l] = l < n ? row[(size_t)l * size + i] : 0;
}

void LEVEL(lanes_unpack)(real *restrict row, const real *restrict block, int n, int size) {
    for (int l = 0; l < n; l++)
        for (int i = 0; i < size; i++)
            row[(size_t)l * size + i] = block[(size_t)i * TREN_LANES + l];
}

void LEVEL(lanes_bias)(real *db, const real *dy, int n_blocks, int c, int area) {
    for (int o = 0; o < c; o++) {
        double total = 0;
        for (int b = 0; b < n_blocks; b++) {
            const real *plane = dy + ((size_t)b * c + o) * area * TREN_LANES;
            vec sum[PARTS] = {{0}};
            for (int i = 0; i < area; i++)
                for (int p = 0; p < PARTS; p++)
                    sum[p] += load(plane + (size_t)i * TREN_LANES + p * VL);
            total += (double)lanes_sum(sum);
        }
        db[o] = (real)total;
    }
}
