/* Private to train: what the trainer and the writer and reader of checkpoints share. */
#ifndef TREN_TRAIN_CHECKPOINT_H
#define TREN_TRAIN_CHECKPOINT_H

#include <stdint.h>

#include "tren/io.h"
#include "tren/train.h"

enum { TREN_CHECKPOINT_VERSION = 1 };

/* Every number of a tren_position, by the name of its attribute. */
typedef enum position_type { POSITION_I64, POSITION_U64, POSITION_F64 } position_type;
typedef struct position_field {
    const char *name;
    size_t at;
    position_type type;
    double least, most; /* what it may be; a u64 may be anything */
    bool or_nan;
    bool may_lack; /* not written where it is 0, as files of before have none */
} position_field;
extern const position_field tren_position_fields[];
extern const int tren_n_position_fields;

/* checkpoint_check.c: TREN_ERR_CHECKPOINT "PATH is damaged: ..." */
tren_status tren_checkpoint_damaged(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A dataset has this shape and this type, and lies within the file; *count: its elements. Every
 * dataset of a checkpoint is held to this before memory is taken for it. */
#define TREN_ANY_EXTENT SIZE_MAX
tren_status tren_checkpoint_expect(tren_h5 *file, const char *name, const tren_h5_shape *want,
                                   tren_type type, size_t *count);
/* Values of an optimizer's state are such as a training leaves. */
tren_status tren_checkpoint_check_state(const real *value, size_t n, const char *state,
                                        const char *path);
/* Position, history, metrics and scalars are such as a training can have, and belong together. */
tren_status tren_checkpoint_check(const tren_checkpoint *checkpoint, const char *path);

/* checkpoint_data.c: checkpoint->data in the file, and in the digest. Nothing is written where
 * there are no statistics. */
tren_status tren_checkpoint_put_data(tren_h5 *file, const tren_dataset_info *data);
tren_status tren_checkpoint_get_data(tren_h5 *file, const char *path, tren_dataset_info *data);
void tren_checkpoint_digest_data(const tren_dataset_info *data, tren_digest_state *digest);
void tren_checkpoint_close_data(tren_dataset_info *data);

/* arithmetic.c: checkpoint->computed_with; adds the OpenBLAS of a launch, where it is known. */
void tren_checkpoint_add_arithmetic(tren_checkpoint *checkpoint, const tren_checkpoint *launch);
tren_status tren_checkpoint_put_arithmetic(tren_h5 *file, const tren_checkpoint *checkpoint);
tren_status tren_checkpoint_get_arithmetic(tren_h5 *file, const char *path,
                                           tren_checkpoint *checkpoint);

/* The head as text, which the digest covers in place of attributes. malloc'ed. */
tren_status tren_checkpoint_head(char **text, const tren_checkpoint *checkpoint);

/* How its targets were normalised: mean, sd [checkpoint->data.n_targets]; NULL: not at all. */
tren_status tren_checkpoint_set_targets(tren_checkpoint *checkpoint, const double *mean,
                                        const double *sd);
/* Is the file what was written? Any HDF5 file without a digest passes. */
tren_status tren_checkpoint_verify(const char *path);
/* Elements [off, off + len) of an optimizer state [n]. */
tren_status tren_checkpoint_read_state(real *out, const char *path, const char *state, size_t n,
                                       tren_span at);
/* The checkpoint at `path`, which rank 0 has verified: the first rank of each other node verifies
 * what it sees there. TREN_ERR_CHECKPOINT. */
tren_status tren_agree_on_checkpoint(const tren_comm *comm, const char *path);

#endif
