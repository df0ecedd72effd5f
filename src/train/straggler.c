#include "train/straggler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

tren_status straggler_open(tren_straggler *s, const tren_comm *comm) {
    size_t n = (size_t)comm->size;
    char host[TREN_COMM_TEXT] = "";
    *s = (tren_straggler){.size = comm->size};
    tren_status st = tren_alloc(&s->spent, n * TREN_N_PHASES, sizeof *s->spent, "epoch times");
    if (st == TREN_OK) st = tren_alloc(&s->sorted, n, sizeof *s->sorted, "epoch times");
    if (st == TREN_OK)
        st = tren_alloc(&s->epochs, n * TREN_N_PHASES, sizeof *s->epochs, "epoch times");
    if (st == TREN_OK) st = tren_alloc(&s->first, n + 1, sizeof *s->first, "epoch times");
    for (int r = 0; st == TREN_OK && r <= comm->size; r++) s->first[r] = r * TREN_N_PHASES;
    if (st == TREN_OK) st = tren_alloc(&s->host, n, sizeof *s->host, "the names of hosts");
    TREN_TRY(tren_comm_agree(comm, st));
    gethostname(host, sizeof host - 1);
    tren_comm_allgather_text(comm, s->host, host);
    return TREN_OK;
}

void straggler_close(tren_straggler *s) {
    free(s->spent);
    free(s->sorted);
    free(s->epochs);
    free(s->first);
    free(s->host);
    *s = (tren_straggler){0};
}

/* In less time than this a rank is slow because it was interrupted once. */
#define SHORT_EPOCH 0.1 /* seconds */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of_phase(tren_straggler *s, int phase) {
    for (int r = 0; r < s->size; r++) s->sorted[r] = s->spent[r * TREN_N_PHASES + phase];
    qsort(s->sorted, (size_t)s->size, sizeof *s->sorted, by_value);
    return (s->sorted[(s->size - 1) / 2] + s->sorted[s->size / 2]) / 2;
}

static double longest_epoch(const tren_straggler *s) {
    double most = 0;
    for (int r = 0; r < s->size; r++) {
        double sum = 0;
        for (int i = 0; i < TREN_N_PHASES; i++) sum += s->spent[r * TREN_N_PHASES + i];
        if (sum > most) most = sum;
    }
    return most;
}

static void judge_phase(tren_straggler_word *word, tren_straggler *s, int phase, double least) {
    double median = median_of_phase(s, phase);
    for (int r = 0; r < s->size; r++) {
        double spent = s->spent[r * TREN_N_PHASES + phase], more = spent / median - 1;
        int *epochs = &s->epochs[r * TREN_N_PHASES + phase];
        bool slow = median > 0 && spent > least && more > STRAGGLER_SHARE;
        *epochs = slow ? *epochs + 1 : 0;
        if (*epochs < STRAGGLER_EPOCHS || (word->found && more <= word->more)) continue;
        *word = (tren_straggler_word){true, r, phase, *epochs, more};
    }
}

tren_straggler_word straggler_judge(tren_straggler *s) {
    static const int computing[] = {TREN_PHASE_DATA, TREN_PHASE_FORWARD, TREN_PHASE_BACKWARD,
                                    TREN_PHASE_UPDATE};
    tren_straggler_word word = {.found = false};
    double epoch = longest_epoch(s), least = epoch < SHORT_EPOCH ? INFINITY : 0.01 * epoch;
    for (size_t i = 0; i < sizeof computing / sizeof *computing; i++)
        judge_phase(&word, s, computing[i], least);
    return word;
}

tren_straggler_word straggler_look(tren_straggler *s, const tren_comm *comm,
                                   const double mine[TREN_N_PHASES]) {
    tren_straggler_word nobody = {.found = false};
    if (s->size == 1) return nobody;
    tren_comm_gather(comm, s->spent, mine, s->first); /* the watchdog can name who is missing */
    return comm->rank > 0 || comm->crowded
               ? nobody
               : straggler_judge(s); /* ranks that share a CPU take turns */
}
