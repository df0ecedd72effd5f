/* Rows of tokens as text, for people. */
#ifndef TREN_CLI_TEXT_ROWS_H
#define TREN_CLI_TEXT_ROWS_H

#include "base/json.h"
#include "tren/data.h"

#include <stdio.h>

/* Prints rows [first, first + n) of a part, a line for each text of a row behind `indent` blanks:
 * its number of tokens, and its text on one line. n is cut at the end of the part. */
tren_status tren_text_rows_print(FILE *out, const tren_dataset *dataset, tren_part part,
                                 size_t first, size_t n, int indent);
/* The same as a list of maps. */
tren_status tren_text_rows_json(tren_json *json, const tren_dataset *dataset, tren_part part,
                                size_t first, size_t n);

#endif
