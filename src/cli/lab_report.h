/* The page of all experiments. Not collective; never within MPI. */
#ifndef TREN_CLI_LAB_REPORT_H
#define TREN_CLI_LAB_REPORT_H

#include "tren/lab.h"

/* Writes one HTML file that needs no other: path, or DIR/report.html when NULL. Says where it is.
 */
tren_status tren_lab_report(const char *dir, const char *path, tren_language language);

#endif
