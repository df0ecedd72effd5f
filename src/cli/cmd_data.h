/* The subcommands of `tren data`. */
#ifndef TREN_CLI_CMD_DATA_H
#define TREN_CLI_CMD_DATA_H

#include "tren/data.h"

#include <stdio.h>

/* argv[0] is the subcommand's name. */
tren_status tren_data_import(int argc, char **argv);
tren_status tren_data_make(int argc, char **argv);
tren_status tren_data_info(int argc, char **argv);
tren_status tren_data_check(int argc, char **argv);
tren_status tren_data_preview(int argc, char **argv);

/* Prints a line, with a prefix, for each kind of columns, channels or targets that do not vary in
 * the training rows, and of targets that float rounds too much. Reads the training targets. */
tren_status tren_data_print_notes(FILE *out, const char *prefix, const tren_dataset *dataset);

/* "54.9 MB" */
const char *tren_text_bytes(char out[32], double bytes);

#endif
