/* Ranks whose times are made up: who is called slow, and when. */
#include <criterion/criterion.h>
#include <math.h>

#include "train/straggler.h"

enum { N = 4 };

typedef struct ranks {
    tren_straggler s;
    double spent[N * TREN_N_PHASES], sorted[N];
    int epochs[N * TREN_N_PHASES];
} ranks;

static void open(ranks *r) {
    *r = (ranks){.s = {.size = N}};
    r->s.spent = r->spent;
    r->s.sorted = r->sorted;
    r->s.epochs = r->epochs;
}

/* An epoch in which every rank takes 1 s for forward and 2 s for backward, but for one. */
static tren_straggler_word epoch(ranks *r, int rank, int phase, double times) {
    for (int q = 0; q < N; q++) {
        r->spent[q * TREN_N_PHASES + TREN_PHASE_FORWARD] = 1 + 0.01 * q;
        r->spent[q * TREN_N_PHASES + TREN_PHASE_BACKWARD] = 2;
        r->spent[q * TREN_N_PHASES + TREN_PHASE_UPDATE] = 0.001;
        r->spent[q * TREN_N_PHASES + TREN_PHASE_REDUCE] = q;
    }
    r->spent[rank * TREN_N_PHASES + phase] *= times;
    return straggler_judge(&r->s);
}

Test(straggler, a_rank_is_named_after_three_slow_epochs) {
    ranks r;
    open(&r);
    cr_expect_not(epoch(&r, 2, TREN_PHASE_BACKWARD, 1.2).found);
    cr_expect_not(epoch(&r, 2, TREN_PHASE_BACKWARD, 1.3).found);
    tren_straggler_word w = epoch(&r, 2, TREN_PHASE_BACKWARD, 1.12);
    cr_expect(w.found && w.rank == 2 && w.phase == TREN_PHASE_BACKWARD && w.epochs == 3);
    cr_expect_float_eq(w.more, 0.12, 1e-12);
    w = epoch(&r, 2, TREN_PHASE_BACKWARD, 1.5);
    cr_expect_eq(w.epochs, 4);
}

Test(straggler, an_epoch_in_step_begins_the_count_anew) {
    ranks r;
    open(&r);
    epoch(&r, 1, TREN_PHASE_FORWARD, 2);
    epoch(&r, 1, TREN_PHASE_FORWARD, 2);
    epoch(&r, 1, TREN_PHASE_FORWARD, 1.05);
    epoch(&r, 1, TREN_PHASE_FORWARD, 2);
    cr_expect_not(epoch(&r, 1, TREN_PHASE_FORWARD, 2).found);
    cr_expect(epoch(&r, 1, TREN_PHASE_FORWARD, 2).found);
}

Test(straggler, waiting_and_phases_of_no_account_do_not_count) {
    ranks r;
    open(&r);
    for (int i = 0; i < 5; i++) {
        cr_expect_not(epoch(&r, 3, TREN_PHASE_REDUCE, 9).found);
        cr_expect_not(epoch(&r, 3, TREN_PHASE_UPDATE, 9).found, "9 ms of an epoch of 6 s");
    }
}

Test(straggler, short_epochs_tell_nothing) {
    ranks r;
    open(&r);
    for (int i = 0; i < 5; i++) {
        epoch(&r, 2, TREN_PHASE_BACKWARD, 3);
        for (int k = 0; k < N * TREN_N_PHASES; k++) r.spent[k] /= 100;
        r.epochs[2 * TREN_N_PHASES + TREN_PHASE_BACKWARD] = 0;
        cr_expect_not(straggler_judge(&r.s).found);
        cr_expect_eq(r.epochs[2 * TREN_N_PHASES + TREN_PHASE_BACKWARD], 0);
    }
}

Test(straggler, of_two_ranks_the_slower_is_measured_against_their_mean) {
    ranks r;
    open(&r);
    r.s.size = 2;
    tren_straggler_word w = {.found = false};
    for (int i = 0; i < 3; i++) w = epoch(&r, 1, TREN_PHASE_BACKWARD, 1.5);
    cr_expect(w.found && w.rank == 1);
    cr_expect_float_eq(w.more, 0.2, 1e-12);
}
