#include "cli/rank_list.h"
#include "base/text.h"

#include <string.h>

static tren_status refuse(const char *value) {
    return tren_fail(TREN_ERR_USAGE,
                     "--ranks: '%s' is not a number of ranks; give whole numbers from 1 to 65536 "
                     "in ascending order, with commas, such as 1,2,4",
                     value);
}

static tren_status add(int *ranks, int *n, const char *value) {
    int64_t k;
    int before = *n > 0 ? ranks[*n - 1] : 0;
    if (tren_text_int64(&k, value) != TREN_TEXT_OK || k <= before || k > 65536)
        return refuse(value);
    if (*n == TREN_SCALE_RANKS)
        return tren_fail(TREN_ERR_USAGE, "--ranks: more than %d numbers; give fewer",
                         TREN_SCALE_RANKS);
    ranks[(*n)++] = (int)k;
    return TREN_OK;
}

tren_status tren_rank_list(int ranks[TREN_SCALE_RANKS], int *n, const char *text) {
    char copy[256];
    if (strlen(text) >= sizeof copy) return refuse("a longer list");
    strcpy(copy, text);
    for (char *rest = copy, *value; (value = strsep(&rest, ","));) TREN_TRY(add(ranks, n, value));
    return TREN_OK;
}
