/* What a launch runs with: program, libraries, CPU, binding, transport. Not collective. */
#ifndef TREN_CLI_SCALE_MACHINE_H
#define TREN_CLI_SCALE_MACHINE_H

#include "tren/scale.h"

/* Notes what this process can see; the caller adds what it knows of the run. */
void tren_scale_note_machine(tren_scale_launch *launch, const tren_config *config);
/* "n02, CPUs 0-3,8": this process's host, and the CPUs that it may use. */
void tren_scale_place(char out[TREN_COMM_TEXT]);
/* The load of the last minute, or NaN. */
double tren_scale_load(void);

#endif
