/* Lists of numbers of ranks on the command line. Not collective. */
#ifndef TREN_CLI_RANK_LIST_H
#define TREN_CLI_RANK_LIST_H

#include "tren/scale.h"

/* "1,2,4", ascending, of --ranks. TREN_ERR_USAGE */
tren_status tren_rank_list(int ranks[TREN_SCALE_RANKS], int *n, const char *text);

#endif
