/* Private to lab: classification by random Fourier features and least squares of smallest norm. */
#ifndef TREN_LAB_FEATURES_H
#define TREN_LAB_FEATURES_H

#include "lab/least_squares.h"

/* A dataset of images with classes, as numbers: x in [0,1], one-hot targets less 1/classes. */
typedef struct lab_images {
    int n, n_test, width, classes;
    double *x, *y;           /* [n, width], [n, classes] owned */
    double *test_x, *test_y; /* owned */
} lab_images;
tren_status lab_images_open(lab_images *images, const char *path);
void lab_images_close(lab_images *images); /* accepts the empty value */

typedef struct lab_fit {
    double train_loss, train_error; /* mean squares summed over classes; share of wrong answers */
    double test_loss, test_error;
} lab_fit;
/* phi(x) = sqrt(2/D) cos(W x + b), W ~ N(0, 0.1^2), b ~ U(0, 2 pi) (A. Rahimi and B. Recht, 2007),
 * a function of (seed, feature) alone. Features, Gram matrices and scores are computed in
 * LAB_SHARDS parts by the ranks of the communicator; the bits do not depend on their number.
 * Collective. */
tren_status lab_fit_features(lab_fit *fit, const tren_comm *comm, const lab_images *images, int d,
                             uint64_t seed);

#endif
