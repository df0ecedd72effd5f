#include "lab/features.h"
#include "base/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_SD 0.1
enum { ROWS = 500 }; /* whose features are in memory at a time */

/* ---- images as numbers ----------------------------------------------------------------------- */

static tren_status read_part(double **x, double **y, int *n, const tren_dataset *dataset,
                             tren_part part) {
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    tren_rows rows = {0};
    tren_status st = TREN_OK;
    size_t width = (size_t)tren_shape_size(info->shape), classes = (size_t)info->n_classes;
    *n = (int)info->rows[part];
    TREN_GOTO(tren_rows_read(&rows, dataset, part, 0, info->rows[part]));
    TREN_GOTO(tren_alloc(x, rows.n * width, sizeof **x, "images"));
    TREN_GOTO(tren_alloc(y, rows.n * classes, sizeof **y, "images"));
    for (size_t i = 0; i < rows.n * width; i++) (*x)[i] = ((const uint8_t *)rows.x)[i] / 255.0;
    for (size_t i = 0; i < rows.n * classes; i++)
        (*y)[i] = (rows.label[i / classes] == (int)(i % classes)) - 1.0 / (double)classes;
done:
    tren_rows_close(&rows);
    return st;
}

tren_status lab_images_open(lab_images *images, const char *path) {
    tren_dataset *dataset = NULL;
    *images = (lab_images){0};
    TREN_TRY(tren_dataset_open(&dataset, path));
    const tren_dataset_info *info = tren_dataset_info_of(dataset);
    images->width = tren_shape_size(info->shape);
    images->classes = info->n_classes;
    tren_status st = read_part(&images->x, &images->y, &images->n, dataset, TREN_TRAIN);
    if (st == TREN_OK)
        st = read_part(&images->test_x, &images->test_y, &images->n_test, dataset, TREN_TEST);
    tren_dataset_close(dataset);
    return st;
}

void lab_images_close(lab_images *images) {
    free(images->x);
    free(images->y);
    free(images->test_x);
    free(images->test_y);
    *images = (lab_images){0};
}

/* ---- features -------------------------------------------------------------------------------- */

typedef struct fit_call {
    const lab_images *images;
    const double *x, *y; /* the part that is scored */
    int n;
    int d;
    double *w, *b;  /* [d, width], [d] */
    double *phi;    /* room for [max(ROWS, n), max features of a shard or d] */
    double *output; /* room for [ROWS, classes] */
    double *beta;   /* [d, classes] the solution */
} fit_call;

static void draw_features(fit_call *c, uint64_t seed) {
    int width = c->images->width;
    for (int k = 0; k < c->d; k++) {
        tren_rng rng = tren_rng_open(seed, TREN_RNG_MAKE, 1, 0, (uint32_t)k);
        c->b[k] = 2 * M_PI * tren_rng_uniform(&rng, 0);
        for (int j = 0; j < width; j++)
            c->w[(size_t)k * width + j] = WEIGHT_SD * tren_rng_normal(&rng, (uint32_t)j + 1);
    }
}

/* phi [n, features first .. first + d) of the rows x [n, width]. */
static void compute(double *phi, const fit_call *c, const double *x, int n, int first, int d) {
    int width = c->images->width;
    double scale = sqrt(2.0 / c->d);
    tren_dgemm(phi, x, c->w + (size_t)first * width,
               (tren_gemm_shape){.m = n, .n = d, .k = width, .tb = true}, 1, 0);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < d; k++) {
            double *at = &phi[(size_t)i * d + k];
            *at = scale * series_cos(*at + c->b[first + k]);
        }
}

/* Fewer features than rows: phi^T phi and phi^T y of a shard of rows. */
static void normal_shard(void *ctx, double *out, int shard) {
    fit_call *c = ctx;
    int lo = tren_part_first(c->images->n, LAB_SHARDS, shard), classes = c->images->classes;
    int n = tren_part_first(c->images->n, LAB_SHARDS, shard + 1) - lo, d = c->d;
    compute(c->phi, c, c->images->x + (size_t)lo * c->images->width, n, 0, d);
    tren_dgemm(out, c->phi, c->phi, (tren_gemm_shape){.m = d, .n = d, .k = n, .ta = true}, 1, 0);
    tren_dgemm(out + (size_t)d * d, c->phi, c->images->y + (size_t)lo * classes,
               (tren_gemm_shape){.m = d, .n = classes, .k = n, .ta = true}, 1, 0);
}

/* More of them: phi phi^T of a shard of features. */
static void kernel_shard(void *ctx, double *out, int shard) {
    fit_call *c = ctx;
    int lo = tren_part_first(c->d, LAB_SHARDS, shard), n = c->images->n;
    int d = tren_part_first(c->d, LAB_SHARDS, shard + 1) - lo;
    compute(c->phi, c, c->images->x, n, lo, d);
    tren_dgemm(out, c->phi, c->phi, (tren_gemm_shape){.m = n, .n = n, .k = d, .tb = true}, 1, 0);
}

/* beta = phi^T alpha, a block of features at a time. */
static void beta_of(fit_call *c, const double *alpha) {
    int n = c->images->n, classes = c->images->classes;
    for (int s = 0; s < LAB_SHARDS; s++) {
        int lo = tren_part_first(c->d, LAB_SHARDS, s),
            d = tren_part_first(c->d, LAB_SHARDS, s + 1) - lo;
        compute(c->phi, c, c->images->x, n, lo, d);
        tren_dgemm(c->beta + (size_t)lo * classes, c->phi, alpha,
                   (tren_gemm_shape){.m = d, .n = classes, .k = n, .ta = true}, 1, 0);
    }
}

static tren_status solve(fit_call *c, const tren_comm *comm) {
    bool few = c->d < c->images->n;
    size_t m = (size_t)(few ? c->d : c->images->n), classes = (size_t)c->images->classes;
    size_t size = m * m + (few ? m * classes : 0);
    double *sum = NULL, *alpha = NULL;
    tren_status st = tren_alloc(&sum, size, sizeof *sum, "a Gram matrix");
    if (st == TREN_OK) st = tren_alloc(&alpha, m * classes, sizeof *alpha, "a solution");
    st = tren_comm_agree(comm, st);
    if (st == TREN_OK) st = lab_fold(sum, size, comm, few ? normal_shard : kernel_shard, c);
    if (st == TREN_OK) {
        const double *right = few ? sum + m * m : c->images->y;
        if (comm->rank == 0)
            st = tren_symmetric_solve(few ? c->beta : alpha, sum, right, (int)m, (int)classes,
                                      LAB_CUTOFF);
        if (st == TREN_OK && comm->rank == 0 && !few) beta_of(c, alpha);
        st = tren_comm_agree(comm, st);
        tren_comm_bcast(comm, c->beta, (size_t)c->d * classes * sizeof *c->beta);
    }
    free(sum);
    free(alpha);
    return st;
}

/* ---- scores ---------------------------------------------------------------------------------- */

static int largest(const double *x, int n) {
    int best = 0;
    for (int i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

/* out: squares, wrong answers. */
static void score_shard(void *ctx, double *out, int shard) {
    fit_call *c = ctx;
    int lo = tren_part_first(c->n, LAB_SHARDS, shard),
        hi = tren_part_first(c->n, LAB_SHARDS, shard + 1);
    int classes = c->images->classes;
    out[0] = out[1] = 0;
    for (int at = lo; at < hi; at += ROWS) {
        int n = hi - at < ROWS ? hi - at : ROWS;
        compute(c->phi, c, c->x + (size_t)at * c->images->width, n, 0, c->d);
        tren_dgemm(c->output, c->phi, c->beta, (tren_gemm_shape){.m = n, .n = classes, .k = c->d},
                   1, 0);
        for (int i = 0; i < n; i++) {
            const double *f = c->output + (size_t)i * classes,
                         *y = c->y + (size_t)(at + i) * classes;
            for (int k = 0; k < classes; k++) out[0] += (f[k] - y[k]) * (f[k] - y[k]);
            out[1] += largest(f, classes) != largest(y, classes);
        }
    }
}

static tren_status score(double *loss, double *error, fit_call *c, const tren_comm *comm) {
    double sum[2];
    TREN_TRY(lab_fold(sum, 2, comm, score_shard, c));
    *loss = sum[0] / c->n;
    *error = sum[1] / c->n;
    return TREN_OK;
}

static tren_status make_room(fit_call *c) {
    const lab_images *images = c->images;
    size_t d = (size_t)c->d, rows = (size_t)(images->n > ROWS ? images->n : ROWS);
    size_t phi = ROWS * d, shard = rows * (d / LAB_SHARDS + 1),
           normal = (size_t)(images->n / LAB_SHARDS + 1) * d;
    if (shard > phi) phi = shard;
    if (normal > phi) phi = normal;
    TREN_TRY(tren_alloc(&c->w, d * (size_t)images->width, sizeof *c->w, "random features"));
    TREN_TRY(tren_alloc(&c->b, d, sizeof *c->b, "random features"));
    TREN_TRY(tren_alloc(&c->phi, phi, sizeof *c->phi, "random features"));
    TREN_TRY(tren_alloc(&c->beta, d * (size_t)images->classes, sizeof *c->beta, "random features"));
    return tren_alloc(&c->output, (size_t)ROWS * images->classes, sizeof *c->output,
                      "random features");
}

tren_status lab_fit_features(lab_fit *fit, const tren_comm *comm, const lab_images *images, int d,
                             uint64_t seed) {
    fit_call c = {.images = images, .d = d};
    tren_status st = tren_comm_agree(comm, make_room(&c));
    if (st == TREN_OK) {
        draw_features(&c, seed);
        st = solve(&c, comm);
    }
    c.x = images->x;
    c.y = images->y;
    c.n = images->n;
    if (st == TREN_OK) st = score(&fit->train_loss, &fit->train_error, &c, comm);
    c.x = images->test_x;
    c.y = images->test_y;
    c.n = images->n_test;
    if (st == TREN_OK) st = score(&fit->test_loss, &fit->test_error, &c, comm);
    free(c.w);
    free(c.b);
    free(c.phi);
    free(c.beta);
    free(c.output);
    return st;
}
