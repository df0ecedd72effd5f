/* Pictures, by gnuplot as a child process: a script in, a picture out. Not collective; never within
 * MPI. */
#ifndef TREN_CLI_GNUPLOT_H
#define TREN_CLI_GNUPLOT_H

#include "cli/out_file.h"

/* By the ending of the path; svg where it has another. Sizes of letters are pixels in svg, and
 * points in the others. */
typedef enum tren_picture_kind {
    TREN_PICTURE_SVG,
    TREN_PICTURE_PNG,
    TREN_PICTURE_PDF,
    TREN_PICTURE_KINDS
} tren_picture_kind;
extern const char *const tren_picture_name[TREN_PICTURE_KINDS]; /* "svg" */
tren_picture_kind tren_picture_kind_of(const char *path);
/* TREN_ERR_USAGE: the path, which `option` gives, has none of these endings. */
tren_status tren_picture_check_ending(const char *option, const char *path);

/* A list such as "svg,pdf", which --format gives. TREN_ERR_USAGE: it is no such list. */
tren_status tren_picture_check_formats(const char *list);
bool tren_picture_has_format(const char *list, tren_picture_kind kind);

/* The beginning of a script: encoding, and a picture of width x height pixels. */
void tren_picture_begin(FILE *script, tren_picture_kind kind, int width, int height);
/* Runs gnuplot with the script (rewound here) as its input and the file `picture` as its output,
 * which the script must leave to stdout. `notes` [n] gets what gnuplot said besides. TREN_ERR_ENV:
 * no gnuplot, or it failed. */
tren_status tren_gnuplot(FILE *script, FILE *picture, char *notes, size_t n);
/* The same for a file, by way of a temporary one. TREN_ERR_USAGE: see tren_out_check; TREN_ERR_ENV:
 * also where the picture is not whole, as on a full disk. */
tren_status tren_picture_draw(FILE *script, const char *path, bool force, char *notes, size_t n);

#endif
