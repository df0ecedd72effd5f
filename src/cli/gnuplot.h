/* gnuplot as a child process: a script in, a picture out. Not collective; never within MPI. */
#ifndef TREN_CLI_GNUPLOT_H
#define TREN_CLI_GNUPLOT_H

#include "cli/out_file.h"

/* Runs gnuplot with the script (rewound here) as its input and the file `picture` as its output,
 * which the script must leave to stdout. `notes` [n] gets what gnuplot said besides. TREN_ERR_ENV:
 * no gnuplot, or it failed. */
tren_status tren_gnuplot(FILE *script, FILE *picture, char *notes, size_t n);
/* gnuplot does not notice a full disk: TREN_ERR_ENV where the end of the picture is missing, which
 * lies in the temporary file still. */
tren_status tren_gnuplot_check(const tren_out_file *picture);

#endif
