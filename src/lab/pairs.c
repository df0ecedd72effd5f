/* A small dataset of pairs of sentences out of a large one. */
#include "lab/training.h"
#include "tren/sources.h"

#include <unistd.h>

tren_status lab_make_pairs(const char *path, const char *from, const lab_subset *s) {
    if (access(path, R_OK) == 0) return TREN_OK;
    tren_source source = {0};
    tren_split split = {.percent = {100, 0, 0}, .keep_test = true, .as_is = true, .seed = s->seed};
    tren_status st = tren_source_take_pairs(&source, from, s->train, s->test, s->seed);
    if (st == TREN_OK) st = tren_dataset_write(path, &source, &split, false);
    tren_source_close(&source);
    return st;
}
