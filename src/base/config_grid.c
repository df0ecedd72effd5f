#include "base/config_table.h"

#include <stdlib.h>

void tren_grid_close(tren_grid *grid) {
    for (int i = 0; i < grid->n_axes; i++)
        for (int j = 0; j < grid->axis[i].n; j++) free(grid->axis[i].text[j]);
    *grid = (tren_grid){0};
}

int64_t tren_grid_points(const tren_grid *grid) {
    int64_t n = 1;
    for (int i = 0; i < grid->n_axes && n < INT32_MAX; i++) n *= grid->axis[i].n;
    return n;
}

void tren_grid_index(int index[TREN_MAX_AXES], const tren_grid *grid, int64_t p) {
    for (int i = grid->n_axes - 1; i >= 0; i--) {
        index[i] = (int)(p % grid->axis[i].n);
        p /= grid->axis[i].n;
    }
}

tren_status tren_grid_point(tren_config *config, const tren_grid *grid, const tren_config *base,
                            int64_t p) {
    int index[TREN_MAX_AXES];
    tren_grid_index(index, grid, p);
    *config = *base;
    for (int i = 0; i < grid->n_axes; i++) {
        const tren_option *option = grid->axis[i].option;
        TREN_TRY(tren_config_give(config, option, grid->axis[i].text[index[i]], "grid",
                                  TREN_GIVEN_BY_GRID));
    }
    tren_status st = tren_config_check(config);
    if (st == TREN_OK) return st;
    for (int i = grid->n_axes - 1; i >= 0; i--)
        tren_fail_in(st, "%s %s", grid->axis[i].option->key, grid->axis[i].text[index[i]]);
    return st;
}
