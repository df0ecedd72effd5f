/* Files that commands write: by way of a temporary one beside it, so that a name stands for a whole
 * file or for the one before. Not collective. */
#ifndef TREN_CLI_OUT_FILE_H
#define TREN_CLI_OUT_FILE_H

#include "base/temporary.h"
#include "tren/config.h"

typedef struct tren_out_file {
    char path[TREN_MAX_PATH], tmp[TREN_MAX_PATH + TREN_TEMPORARY_ROOM]; /* tmp: once opened */
    FILE *text;                                                         /* tren_out_open_text */
    char *buffer;
} tren_out_file;

/* TREN_ERR_USAGE: the path and what is read stand for one file, by whatever names. input NULL or
 * missing: they do not. */
tren_status tren_out_keep_input(const char *path, const char *input);
/* TREN_ERR_USAGE: the path is that of a checkpoint with a training behind it. Other commands may be
 * asked to replace what can be made again; this cannot. */
tren_status tren_out_keep_checkpoint(const char *path);

/* TREN_ERR_USAGE: the file exists and is not to be replaced, is a checkpoint, or is no regular
 * file; TREN_ERR_ENV: its folder is missing. */
tren_status tren_out_check(tren_out_file *out, const char *path, bool force);
/* Makes the temporary file, to be written by its name. */
tren_status tren_out_open(tren_out_file *out);
/* The same, opened for text. */
tren_status tren_out_open_text(tren_out_file *out);
/* Closes what was opened here and gives the file its name; a failed write shows here. */
tren_status tren_out_finish(tren_out_file *out);
/* Closes and removes the temporary file. Accepts the empty value and a finished one. */
void tren_out_close(tren_out_file *out);

/* Whether the path ends so: ".csv". Letters of either case. */
bool tren_path_ends(const char *path, const char *ending);
/* TREN_ERR_USAGE: it does not. path: of --out. */
tren_status tren_out_ending(const char *path, const char *ending);

#endif
