/* The engine by which `auto` sums few values. */
#include <criterion/criterion.h>

#include "comm/reduce.h"

Test(small_engine, follows_values_lanes_and_parties) {
    static const struct {
        double values, lanes;
        int parties;
        bool perfect;
        int engine;
    } of[] = {
        {10000, 1, 16, true, TREN_ENGINE_SCATTER},
        {10000, 1, 32, true, TREN_ENGINE_RABENSEIFNER},
        {10000, 1, 48, false, TREN_ENGINE_SCATTER},
        {4000, 1, 64, true, TREN_ENGINE_DOUBLING}, /* 63 values in a slice */
        {10000, 16, 64, true, TREN_ENGINE_DOUBLING},
        {10000, 1, 2, true, TREN_ENGINE_DOUBLING},
        {50000, 1, 16, true, TREN_ENGINE_SCATTER}, /* 13 grains for 16 owners */
        {50000, 1, 8, true, TREN_ENGINE_AUTO},
        {70000, 1, 1024, true, TREN_ENGINE_AUTO},
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        cr_expect_eq(tren_small_engine(of[i].values, of[i].lanes, of[i].parties, of[i].perfect),
                     of[i].engine, "%g values, %g lanes, %d parties", of[i].values, of[i].lanes,
                     of[i].parties);
}
