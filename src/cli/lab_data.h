/* The dataset that --data gives to several experiments, of which some want images and some pairs of
 * sentences. Not collective. */
#ifndef TREN_CLI_LAB_DATA_H
#define TREN_CLI_LAB_DATA_H

#include "tren/lab.h"

typedef struct tren_lab_data {
    const char *path; /* NULL: --data was not given */
    bool pairs;       /* what it holds; else images */
    bool by_kind;     /* it is for experiments that want its kind, and not for the others */
} tren_lab_data;

/* Looks into the file. Where no experiment wants its kind, those that want data are given it, and
 * say what is wrong. TREN_ERR_USAGE: none of them wants data. */
tren_status tren_lab_data_look(tren_lab_data *data, const tren_experiment *const chosen[], int n);
/* Whether --data is for this experiment. */
bool tren_lab_data_suits(const tren_lab_data *data, const tren_experiment *experiment);
/* --data where it suits, else the dataset that the experiment has by default. */
const char *tren_lab_data_of(const tren_lab_data *data, const tren_experiment *experiment);
/* Prints which of several experiments use it, and what the others use. */
void tren_lab_data_say(const tren_lab_data *data, const tren_experiment *const chosen[], int n,
                       tren_language language);

#endif
