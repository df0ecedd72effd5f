/* Private to train: what the writer and the reader of checkpoints share. */
#ifndef TREN_TRAIN_CHECKPOINT_H
#define TREN_TRAIN_CHECKPOINT_H

#include "tren/io.h"
#include "tren/train.h"

#define TREN_CHECKPOINT_FORMAT "tren-checkpoint"
enum { TREN_CHECKPOINT_VERSION = 1 };

/* Every number of a tren_position, by the name of its attribute. */
typedef enum position_type { POSITION_I64, POSITION_U64, POSITION_F64 } position_type;
typedef struct position_field {
    const char *name;
    size_t at;
    position_type type;
} position_field;
extern const position_field tren_position_fields[];
extern const int tren_n_position_fields;

/* checkpoint_data.c: checkpoint->data in the file, and in the digest. Nothing is written where
 * there are no statistics. */
tren_status tren_checkpoint_put_data(tren_h5 *file, const tren_dataset_info *data);
tren_status tren_checkpoint_get_data(tren_h5 *file, const char *path, tren_dataset_info *data);
void tren_checkpoint_digest_data(const tren_dataset_info *data, tren_digest_state *digest);
void tren_checkpoint_close_data(tren_dataset_info *data);

/* The head as text, which the digest covers in place of attributes. malloc'ed. */
tren_status tren_checkpoint_head(char **text, const tren_checkpoint *checkpoint);

#endif
