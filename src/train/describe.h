/* --dry-run for programs. Not collective. */
#ifndef TREN_TRAIN_DESCRIBE_H
#define TREN_TRAIN_DESCRIBE_H

#include "tren/train.h"

/* The figures of tren_train_describe as a JSON document, bytes and FLOP as they are. */
tren_status tren_train_describe_json(const tren_config *config, int ranks, int nodes, FILE *out);

#endif
