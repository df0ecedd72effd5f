/* Private to lab: the experiments, each one file. */
#ifndef TREN_LAB_EXPERIMENTS_H
#define TREN_LAB_EXPERIMENTS_H

#include "tren/lab.h"

#include <strings.h>

extern const tren_experiment tren_lab_split, tren_lab_b1, tren_lab_b2, tren_lab_decay, tren_lab_w1,
    tren_lab_w2, tren_lab_w3, tren_lab_w4, tren_lab_e1, tren_lab_e2, tren_lab_s1, tren_lab_s2,
    tren_lab_s3, tren_lab_r1, tren_lab_r2, tren_lab_i1, tren_lab_p1, tren_lab_w5, tren_lab_t1,
    tren_lab_a1, tren_lab_n1, tren_lab_g1;

#endif
