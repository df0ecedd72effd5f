#include "lab/experiments.h"

const tren_experiment *const tren_experiments[] = {
    &tren_lab_split, &tren_lab_b1, &tren_lab_b2, &tren_lab_decay, &tren_lab_w1, &tren_lab_w2,
    &tren_lab_w3,    &tren_lab_w4, &tren_lab_e1, &tren_lab_e2,    &tren_lab_s1, &tren_lab_s2,
    &tren_lab_s3,    &tren_lab_r1, &tren_lab_r2, &tren_lab_i1,    &tren_lab_p1, &tren_lab_w5,
    &tren_lab_t1,    &tren_lab_a1, &tren_lab_n1, &tren_lab_g1,    NULL,
};

const tren_experiment *tren_experiment_find(const char *name) {
    for (int i = 0; tren_experiments[i]; i++)
        if (strcasecmp(tren_experiments[i]->name, name) == 0) return tren_experiments[i];
    return NULL;
}
