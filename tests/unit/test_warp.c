/* The warp of one image, and the noise: exact where pixels are whole, the formula where not. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/augment.h"
#include "tren/kernels.h"

enum { C = 2, H = 7, W = 7, WIDE = 150, N = C * H * W };
static const tren_shape square = {C, H, W};

/* An image of random bytes in its room, and an affine map of values that has to be applied last. */
typedef struct picture {
    tren_shape shape;
    uint8_t *byte;
    real *room, *scale, *shift, *y;
} picture;

static picture open_picture(tren_shape shape) {
    size_t n = (size_t)tren_shape_size(shape);
    picture p = {.shape = shape,
                 .byte = malloc(n),
                 .room = calloc(tren_warp_room(shape), sizeof(real)),
                 .scale = malloc(n * sizeof(real)),
                 .shift = malloc(n * sizeof(real)),
                 .y = malloc(n * sizeof(real))};
    tren_rng rng = tren_rng_open(3, TREN_RNG_TEST, 0, 0, 0);
    for (size_t i = 0; i < n; i++) {
        p.byte[i] = (uint8_t)(1 + tren_rng_below(&rng, (uint32_t)i, 255));
        p.scale[i] = (real)0.017 * (real)(i % 5 + 1);
        p.shift[i] = (real)-1.3;
    }
    tren_kernels_best()->warp_put_u8(p.room, p.byte, shape);
    return p;
}

static void plain(picture *p) {
    for (int i = 0; i < tren_shape_size(p->shape); i++) p->scale[i] = 1, p->shift[i] = 0;
}

static void close_picture(picture *p) {
    free(p->byte);
    free(p->room);
    free(p->scale);
    free(p->shift);
    free(p->y);
}

static real byte_at(const picture *p, int c, int i, int j) {
    tren_shape s = p->shape;
    bool inside = i >= 0 && i < s.h && j >= 0 && j < s.w;
    return inside ? (real)p->byte[(c * s.h + i) * s.w + j] : 0;
}

typedef void warp_kernel(real *restrict y, const real *restrict room, const tren_warp *map,
                         tren_shape shape, const real *restrict scale, const real *restrict shift);

/* y [c,i,j] is to be the byte at row di + si i, column dj + sj j. */
static void check_whole(picture *p, const tren_move *move, const int row[2], const int column[2]) {
    tren_shape s = p->shape;
    tren_warp map = tren_move_warp(move, s);
    cr_assert(tren_warp_is_whole(&map));
    warp_kernel *const both[] = {tren_kernels_best()->warp_whole,
                                 tren_kernels_best()->warp_bilinear};
    for (int k = 0; k < 2; k++) {
        both[k](p->y, p->room, &map, s, p->scale, p->shift);
        for (int c = 0; c < s.c; c++)
            for (int i = 0; i < s.h; i++)
                for (int j = 0; j < s.w; j++) {
                    int at = (c * s.h + i) * s.w + j;
                    real want = byte_at(p, c, row[0] + row[1] * i, column[0] + column[1] * j);
                    want = want * p->scale[at] + p->shift[at];
                    cr_assert_eq(memcmp(&want, &p->y[at], sizeof want), 0,
                                 "kernel %d, %d %d %d: %.9g, not %.9g", k, c, i, j,
                                 (double)p->y[at], (double)want);
                }
    }
}

static const tren_shape some_shapes[] = {
    {C, H, W}, {1, 1, 1}, {3, 5, 8}, {1, 4, WIDE}, {2, WIDE, 3}};
enum { N_SHAPES = sizeof some_shapes / sizeof *some_shapes };

Test(warp, the_identity_is_exact) {
    for (int s = 0; s < N_SHAPES; s++) {
        picture p = open_picture(some_shapes[s]);
        check_whole(&p, &(tren_move){.zoom = 1}, (int[]){0, 1}, (int[]){0, 1});
        close_picture(&p);
    }
}

Test(warp, flips_and_whole_shifts_are_exact_and_leave_zeros) {
    static const int by[] = {-200, -4, -1, 0, 1, 2, 5, 7, 300};
    enum { N_BY = sizeof by / sizeof *by };
    for (int s = 0; s < N_SHAPES; s++) {
        picture p = open_picture(some_shapes[s]);
        int h = p.shape.h, w = p.shape.w;
        for (int a = 0; a < N_BY * N_BY * 4; a++) {
            int right = by[a / 4 % N_BY], down = by[a / 4 / N_BY];
            bool across = a & 1, along = a & 2;
            tren_move move = {.zoom = 1,
                              .right = right,
                              .down = down,
                              .flip_horizontal = across,
                              .flip_vertical = along};
            check_whole(&p, &move, (int[]){along ? h - 1 + down : -down, along ? -1 : 1},
                        (int[]){across ? w - 1 + right : -right, across ? -1 : 1});
        }
        close_picture(&p);
    }
}

Test(warp, a_quarter_turn_moves_the_pixels) {
    picture p = open_picture(square);
    plain(&p);
    for (int quarters = -4; quarters <= 4; quarters++) {
        tren_move move = {.zoom = 1, .degrees = 90.0 * quarters};
        tren_warp map = tren_move_warp(&move, square);
        tren_kernels_best()->warp_bilinear(p.y, p.room, &map, square, p.scale, p.shift);
        for (int c = 0; c < C; c++)
            for (int i = 0; i < H; i++)
                for (int j = 0; j < W; j++) {
                    int from_i = i, from_j = j; /* clockwise: what is above comes from the left */
                    for (int q = 0; q < (quarters + 4) % 4; q++) {
                        int row = from_i;
                        from_i = H - 1 - from_j;
                        from_j = row;
                    }
                    cr_assert_float_eq((double)p.y[(c * H + i) * W + j],
                                       (double)byte_at(&p, c, from_i, from_j), 1e-5,
                                       "%d quarters: %d %d %d", quarters, c, i, j);
                }
    }
    close_picture(&p);
}

/* The formula, in double, with every bound checked. */
static double interpolated(const picture *p, int c, double y, double x) {
    int i = (int)floor(y), j = (int)floor(x);
    double below = y - i, right = x - j;
    return (1 - below) * ((1 - right) * (double)byte_at(p, c, i, j) +
                          right * (double)byte_at(p, c, i, j + 1)) +
           below * ((1 - right) * (double)byte_at(p, c, i + 1, j) +
                    right * (double)byte_at(p, c, i + 1, j + 1));
}

/* The map of a move from its own definition: turned back, shrunk, flipped, about the centre. */
static void source_of(const tren_move *m, tren_shape s, int i, int j, double at[2]) {
    double a = m->degrees * 3.14159265358979323846 / 180;
    double x = j - (s.w - 1) / 2.0 - m->right, y = i - (s.h - 1) / 2.0 - m->down;
    double turned_x = (cos(a) * x + sin(a) * y) / m->zoom,
           turned_y = (-sin(a) * x + cos(a) * y) / m->zoom;
    at[0] = (m->flip_vertical ? -turned_y : turned_y) + (s.h - 1) / 2.0;
    at[1] = (m->flip_horizontal ? -turned_x : turned_x) + (s.w - 1) / 2.0;
}

static void check_formula(picture *p, const tren_move *move) {
    tren_shape s = p->shape;
    tren_warp map = tren_move_warp(move, s);
    tren_kernels_best()->warp_bilinear(p->y, p->room, &map, s, p->scale, p->shift);
    for (int c = 0; c < s.c; c++)
        for (int i = 0; i < s.h; i++)
            for (int j = 0; j < s.w; j++) {
                int k = (c * s.h + i) * s.w + j;
                double at[2];
                source_of(move, s, i, j, at);
                double want =
                    interpolated(p, c, at[0], at[1]) * (double)p->scale[k] + (double)p->shift[k];
                cr_assert_float_eq((double)p->y[k], want,
                                   sizeof(real) == 4 ? 2e-5 * (s.w + s.h) : 1e-9, "%d %d %d", c, i,
                                   j);
            }
}

Test(warp, any_move_is_the_bilinear_formula_with_zeros_outside) {
    static const tren_move move[] = {{.zoom = 2},
                                     {.zoom = 0.4},
                                     {.zoom = 1, .degrees = 33},
                                     {.zoom = 1, .degrees = -171.5, .flip_horizontal = true},
                                     {.zoom = 1, .right = 2.25, .down = -1.5},
                                     {.zoom = 1, .right = 0.5, .flip_horizontal = true},
                                     {.zoom = 10, .right = 1e6},
                                     {.zoom = 0.1, .degrees = 45, .down = -3},
                                     {.flip_horizontal = true,
                                      .flip_vertical = true,
                                      .zoom = 1.3,
                                      .degrees = 12,
                                      .right = 1.7,
                                      .down = 0.6}};
    for (int s = 0; s < N_SHAPES; s++)
        for (size_t m = 0; m < sizeof move / sizeof *move; m++) {
            picture p = open_picture(some_shapes[s]);
            check_formula(&p, &move[m]);
            close_picture(&p);
        }
}

Test(warp, zoom_2_keeps_the_centre_and_doubles_distances) {
    picture p = open_picture(square);
    plain(&p);
    tren_move move = {.zoom = 2};
    tren_warp map = tren_move_warp(&move, square);
    tren_kernels_best()->warp_bilinear(p.y, p.room, &map, square, p.scale, p.shift);
    for (int i = 1; i < H; i += 2) /* the centre is 3: rows 1, 3, 5 show rows 2, 3, 4 */
        for (int j = 1; j < W; j += 2)
            cr_assert_eq(p.y[i * W + j], byte_at(&p, 0, (i + 3) / 2, (j + 3) / 2));
    cr_assert_eq(p.y[3 * W + 2], (byte_at(&p, 0, 3, 2) + byte_at(&p, 0, 3, 3)) / 2);
    close_picture(&p);
}

Test(warp, all_types_of_values_are_put_alike) {
    picture p = open_picture(square);
    float single[N];
    double twice[N];
    size_t n = tren_warp_room(square);
    real *room = calloc(n, sizeof *room);
    for (int i = 0; i < N; i++) single[i] = p.byte[i], twice[i] = p.byte[i];
    tren_kernels_best()->warp_put_f32(room, single, square);
    cr_assert_eq(memcmp(room, p.room, n * sizeof *room), 0);
    memset(room, 0, n * sizeof *room);
    tren_kernels_best()->warp_put_f64(room, twice, square);
    cr_assert_eq(memcmp(room, p.room, n * sizeof *room), 0);
    free(room);
    close_picture(&p);
}

/* ---- noise ----------------------------------------------------------------------------------- */

enum { DRAWS = 200000 };

/* A mean of DRAWS values g^k has the standard error sqrt((m_2k - m_k^2) / DRAWS). */
static void check_moment(const real *g, int k, double want, double variance) {
    double sum = 0;
    for (int i = 0; i < DRAWS; i++) sum += pow((double)g[i], k);
    cr_assert_float_eq(sum / DRAWS, want, 4 * sqrt(variance / DRAWS), "moment %d: %g", k,
                       sum / DRAWS);
}

static real *noise_of(uint32_t sample, size_t n) {
    real *y = calloc(n, sizeof *y), *one = malloc(n * sizeof *one);
    for (size_t i = 0; i < n; i++) one[i] = 1;
    tren_rng rng = tren_rng_open(1, TREN_RNG_TEST, 0, 0, sample);
    tren_kernels_best()->gaussian_add(y, one, 1, &rng, n);
    free(one);
    return y;
}

Test(gaussian, moments_are_those_of_the_standard_normal) {
    real *g = noise_of(1, DRAWS);
    check_moment(g, 1, 0, 1);
    check_moment(g, 2, 1, 2);
    check_moment(g, 3, 0, 15);
    check_moment(g, 4, 3, 96);
    for (int lag = 1; lag <= 64; lag++) { /* the pairs of Box-Muller stand 16 apart */
        double sum = 0, squares = 0;
        for (int i = 0; i + lag < DRAWS; i++) {
            sum += (double)(g[i] * g[i + lag]);
            squares += (double)((g[i] * g[i] - 1) * (g[i + lag] * g[i + lag] - 1));
        }
        cr_assert_lt(fabs(sum) / sqrt(DRAWS), 4, "lag %d", lag);
        cr_assert_lt(fabs(squares) / (2 * sqrt(DRAWS)), 4.5, "lag %d", lag);
    }
    free(g);
}

Test(gaussian, follows_the_normal_distribution) {
    real *g = noise_of(2, DRAWS);
    for (double x = -4; x <= 4; x += 0.125) {
        double below = 0, want = erfc(-x / sqrt(2)) / 2;
        for (int i = 0; i < DRAWS; i++) below += (double)g[i] < x;
        cr_assert_float_eq(below / DRAWS, want, 4.5 * sqrt(want * (1 - want) / DRAWS) + 1e-5, "%g",
                           x);
    }
    free(g);
}

Test(gaussian, a_draw_depends_on_its_index_alone) {
    real *all = noise_of(3, 1000), *other = noise_of(4, 1000);
    for (size_t n = 0; n < 200; n++) {
        real *some = noise_of(3, n);
        cr_assert_eq(memcmp(some, all, n * sizeof *all), 0);
        free(some);
    }
    cr_assert_neq(memcmp(all, other, 1000 * sizeof *all), 0);
    free(all);
    free(other);
}
