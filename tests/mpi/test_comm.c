/* Communicators: everybody agrees, on the same words. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/mpi.h"

/* Every rank hands in its status; `who` has what all must get. */
static void check_agree(const tren_status *status, int who) {
    int rank = test_comm.rank;
    tren_status mine = status[rank];
    if (mine != TREN_OK) tren_fail(mine, "rank %d says %d", rank, (int)mine);
    tren_status all = tren_comm_agree(&test_comm, mine);
    cr_assert_eq(all, status[who], "rank %d got %d, not %d", rank, (int)all, (int)status[who]);
    if (all == TREN_OK) return;
    char text[64];
    snprintf(text, sizeof text, "rank %d says %d", who, (int)status[who]);
    cr_assert_str_eq(tren_error_text(), text);
}

static void check_agreement(void) {
    static const tren_status rising[] = {TREN_OK,          TREN_REQUEUE,      TREN_ERR_DIVERGED,
                                         TREN_ERR_STALLED, TREN_ERR_INTERNAL, TREN_ERR_CHECKPOINT,
                                         TREN_ERR_DATA,    TREN_ERR_ENV,      TREN_ERR_USAGE};
    enum { KINDS = sizeof rising / sizeof *rising, MOST = 64 };
    tren_status status[MOST] = {TREN_OK};
    check_agree(status, 0);
    for (int who = 0; who < test_comm.size; who++)
        for (int kind = 1; kind < KINDS; kind++) {
            for (int q = 0; q < test_comm.size; q++) status[q] = rising[q % kind]; /* all lighter */
            status[who] = rising[kind];
            check_agree(status, who);
        }
    for (int q = 0; q < test_comm.size; q++) status[q] = TREN_ERR_DATA;
    check_agree(status, 0); /* the lowest of equals */
}

static void check_gather(void) {
    int first[65] = {0}, total = 0;
    for (int q = 0; q < test_comm.size; q++)
        first[q + 1] = first[q] + q * 3 % 7; /* some have none */
    total = first[test_comm.size];
    double mine[8], *all = calloc((size_t)total + 1, sizeof *all);
    int n = first[test_comm.rank + 1] - first[test_comm.rank];
    for (int i = 0; i < n; i++) mine[i] = first[test_comm.rank] + i;
    tren_comm_gather(&test_comm, all, mine, first);
    for (int i = 0; i < total && test_comm.rank == 0; i++) cr_assert_eq(all[i], i);
    free(all);
}

static void check_bcast(void) {
    enum { N = 100003 };
    unsigned char *bytes = calloc(N, 1);
    for (int i = 0; i < N && test_comm.rank == 0; i++) bytes[i] = (unsigned char)(i % 251);
    tren_comm_bcast(&test_comm, bytes, N);
    for (int i = 0; i < N; i++) cr_assert_eq(bytes[i], i % 251);
    free(bytes);
}

static tren_status compare_facts(const char *name, const char *value) {
    tren_facts facts = {0};
    tren_facts_add(&facts, "a key", "%d", 7);
    tren_facts_add(&facts, name, "%s", value);
    return tren_comm_same(&test_comm, &facts, TREN_ERR_DATA, "mend it");
}

static void check_same(void) {
    char odd[TREN_COMM_TEXT];
    bool last = test_comm.rank == test_comm.size - 1;
    cr_assert_eq(compare_facts("the thing", "same"), TREN_OK);
    if (test_comm.size == 1) return;
    snprintf(odd, sizeof odd, "other on rank %d (", test_comm.size - 1);
    cr_assert_eq(compare_facts("the thing", last ? "other" : "same"), TREN_ERR_DATA);
    const char *said = tren_error_text();
    cr_assert(strstr(said, "the thing differs between ranks: same on rank 0 (") &&
                  strstr(said, odd) && strstr(said, "mend it"),
              "%s", said);
    cr_assert_eq(compare_facts(last ? "another thing" : "the thing", "same"), TREN_ERR_ENV);
}

Test(comm, ranks_agree_on_status_text_and_data, .init = test_comm_open, .fini = test_comm_close) {
    check_agreement();
    check_gather();
    check_bcast();
    check_same();
    test_comm_passed();
}
