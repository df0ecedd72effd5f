/* The page of all experiments. Not collective; never within MPI. */
#ifndef TREN_CLI_LAB_REPORT_H
#define TREN_CLI_LAB_REPORT_H

#include "tren/lab.h"

/* Writes one HTML file that needs no other: path, which may be there only with `force`, or
 * DIR/report.html when NULL, which may. Says where it is. */
tren_status tren_lab_report(const char *dir, const char *path, bool force, tren_language language);

#endif
