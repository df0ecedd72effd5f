/* The subcommands of `tren data`. */
#ifndef TREN_CLI_CMD_DATA_H
#define TREN_CLI_CMD_DATA_H

#include "tren/base.h"

/* argv[0] is the subcommand's name. */
tren_status tren_data_import(int argc, char **argv);
tren_status tren_data_make(int argc, char **argv);
tren_status tren_data_info(int argc, char **argv);
tren_status tren_data_check(int argc, char **argv);
tren_status tren_data_preview(int argc, char **argv);

/* "54.9 MB" */
const char *tren_text_bytes(char out[32], double bytes);

#endif
