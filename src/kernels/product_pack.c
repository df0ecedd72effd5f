/* Packing: rows of a factor become [k, width], which a register tile reads from one end to the
 * other. */
#include "kernels/product_tile.h"
#include "kernels/transpose.h"

/* Where the vector begins that covers column j and does not reach beyond the width, if possible:
 * what an earlier one has written is written again. */
ALWAYS_INLINE int begin(int j, int width) {
    return j + VL <= width || width < VL ? j : width - VL;
}

/* Rows of contiguous k, VL x VL at a time. Rows beyond the last repeat it: what comes of them
 * is not used. */
ALWAYS_INLINE void pack_turned(real *restrict packed, const real *x, ptrdiff_t ld, int n,
                               const int width, int k) {
    for (int j = 0; j < width; j += VL) {
        const real *row[VL];
        real *to = packed + begin(j, width);
        for (int l = 0; l < VL; l++) {
            int r = begin(j, width) + l;
            row[l] = x + (r < n ? r : n - 1) * ld;
        }
        for (int i = 0; i < k && k >= VL; i += VL) {
            vec v[VL];
            for (int l = 0; l < VL; l++) v[l] = load_anywhere(row[l] + begin(i, k));
            transpose(v);
            for (int l = 0; l < VL; l++)
                store_anywhere(to + (ptrdiff_t)(begin(i, k) + l) * width, v[l]);
        }
        for (int i = 0; i < k && k < VL; i++)
            for (int l = 0; l < VL; l++) to[(ptrdiff_t)i * width + l] = row[l][i];
    }
}

/* Rows whose elements of one k lie together: whole vectors, as long as they stay within the matrix,
 * of which `left` elements of the last k may be read. */
ALWAYS_INLINE void pack_copied(real *restrict packed, const real *x, ptrdiff_t ld, int left,
                               const int width, int k) {
    ptrdiff_t beyond = (k - 1) * ld + left - (width < VL ? VL : width);
    int safe = beyond < 0 ? 0 : beyond / ld + 1 < k ? (int)(beyond / ld + 1) : k, i = 0;
    for (; i < safe; i++) {
        for (int j = 0; j < width; j += VL) {
            int at = begin(j, width);
            store_anywhere(packed + (ptrdiff_t)i * width + at, load_anywhere(x + i * ld + at));
        }
    }
    for (; i < k; i++)
        for (int j = 0; j < width; j++)
            packed[(ptrdiff_t)i * width + j] = j < left ? x[i * ld + j] : 0;
}

ALWAYS_INLINE void pack(real *restrict packed, const product_rows *x, int n, const int width,
                        int k) {
    if (k == 0) return;
    if (x->k == 1)
        pack_turned(packed, x->at, x->row, n, width, k);
    else
        pack_copied(packed, x->at, x->k, n, width, k);
}

void product_pack_rows(real *restrict packed, const product_rows *x, int n, int width, int k) {
    if (width == TILE_COLS) /* a constant that makes the loops short */
        pack(packed, x, n, TILE_COLS, k);
    else if (width == TILE_ROWS)
        pack(packed, x, n, TILE_ROWS, k);
    else
        pack(packed, x, n, width, k);
}
