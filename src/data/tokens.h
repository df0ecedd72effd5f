/* Private to data: datasets whose rows are tokens. */
#ifndef TREN_DATA_TOKENS_H
#define TREN_DATA_TOKENS_H

#include "data/schema.h"

/* layout is one of text, pairs and labeled: sets what `info` has of tokens. *is: whether it is one.
 * Fails with the dataset's path. */
tren_status tren_tokens_read_layout(bool *is, tren_dataset *dataset, const char *layout);
/* The arrays of a part: x, length, and y of pairs. */
tren_status tren_tokens_check_part(tren_dataset *dataset, tren_part part);
/* Tokens of a row that are stored along an axis (0 or 1). */
static inline int tren_tokens_width(const tren_dataset_info *info, int axis) {
    return info->tokens[axis] + (info->label_axis == axis + 1);
}
/* rows->sequence of rows [first, first + n); all is checked. */
tren_status tren_tokens_read(tren_rows *rows, const tren_dataset *dataset, tren_part part);
/* The first row of n whose tokens cannot be, with the reason as text; n: none. */
enum { TREN_TOKENS_WHY = 128 };
size_t tren_tokens_find_bad(char why[TREN_TOKENS_WHY], const tren_rows *rows,
                            const tren_dataset_info *info);
uint64_t tren_tokens_digest(const tren_rows *rows, size_t row);
void tren_sequence_close(tren_sequence *sequence); /* accepts the empty value */

#endif
