/* What all ranks must have in common. The usual case costs one broadcast of a digest; the texts
 * travel only when some rank differs. */
#include "comm/mpi_comm.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 200, SHOWN_PATH = 256 }; /* bytes of a value and of a path in a message */

/* A rank as a message names it, and the path of its facts. */
typedef struct teller {
    char name[TREN_COMM_TEXT], path[SHOWN_PATH];
} teller;

void tren_facts_add(tren_facts *facts, const char *name, const char *format, ...) {
    va_list args;
    char *value = NULL;
    va_start(args, format);
    int length = vasprintf(&value, format, args);
    va_end(args);
    size_t more = length < 0 ? 0 : strlen(name) + 1 + (size_t)length + 1;
    char *text = length < 0 ? NULL : realloc(facts->text, facts->n + more);
    if (text) {
        facts->text = text;
        memcpy(text + facts->n, name, strlen(name) + 1);
        memcpy(text + facts->n + strlen(name) + 1, value, (size_t)length + 1);
        facts->n += more;
    } else {
        facts->out_of_memory = true;
    }
    if (length >= 0) free(value);
}

void tren_facts_close(tren_facts *facts) {
    free(facts->text);
    *facts = (tren_facts){0};
}

const char *tren_comm_name(char out[TREN_COMM_TEXT], const tren_comm *comm) {
    char host[MPI_MAX_PROCESSOR_NAME + 1] = "";
    int length = 0;
    MPI_Get_processor_name(host, &length);
    snprintf(out, TREN_COMM_TEXT, "rank %d (%.40s)", comm->rank, host);
    return out;
}

/* The name and the value at *at of `facts`, which then moves on. "" at the end. */
static void next_fact(const char **name, const char **value, const tren_facts *facts, size_t *at) {
    *name = *value = "";
    if (*at >= facts->n) return;
    *name = facts->text + *at;
    *value = *name + strlen(*name) + 1;
    *at += strlen(*name) + 1 + strlen(*value) + 1;
}

/* The first difference between rank 0's facts and mine, in words. */
static tren_status compare(const teller who[2], const tren_facts *first, const tren_facts *mine,
                           tren_status code, const char *remedy) {
    bool paths = strcmp(who[0].path, who[1].path) != 0;
    const char *of = paths ? " for " : "";
    for (size_t a = 0, b = 0; a < first->n || b < mine->n;) {
        const char *name[2], *value[2];
        next_fact(&name[0], &value[0], first, &a);
        next_fact(&name[1], &value[1], mine, &b);
        if (strcmp(name[0], name[1]) != 0)
            return tren_fail(TREN_ERR_ENV,
                             "the program differs between ranks: '%s' on %s, '%s' on %s; start the "
                             "same program with the same command on all ranks",
                             name[0], who[0].name, name[1], who[1].name);
        if (strcmp(value[0], value[1]) != 0)
            return tren_fail(code, "%s differs between ranks: %.*s%s%s on %s, %.*s%s%s on %s; %s",
                             name[0], SHOWN, value[0], of, paths ? who[0].path : "", who[0].name,
                             SHOWN, value[1], of, paths ? who[1].path : "", who[1].name, remedy);
    }
    return TREN_OK;
}

static tren_status exchange(const tren_comm *comm, const tren_facts *mine, tren_status code,
                            const char *remedy) {
    teller who[2];
    tren_facts first = {.n = mine->n};
    tren_comm_name(who[1].name, comm);
    snprintf(who[1].path, sizeof who[1].path, "%s", mine->path ? mine->path : "");
    who[0] = who[1];
    tren_comm_bcast(comm, &who[0], sizeof who[0]);
    tren_comm_bcast(comm, &first.n, sizeof first.n);
    TREN_TRY(tren_comm_agree(comm, tren_alloc(&first.text, first.n, 1, "facts of a rank")));
    if (comm->rank == 0) memcpy(first.text, mine->text, mine->n);
    tren_comm_bcast(comm, first.text, first.n);
    tren_status st = compare(who, &first, mine, code, remedy);
    tren_facts_close(&first);
    return tren_comm_agree(comm, st);
}

tren_status tren_comm_same(const tren_comm *comm, tren_facts *facts, tren_status code,
                           const char *remedy) {
    const tren_status differs = TREN_REQUEUE; /* milder than a failure, which all then return */
    uint64_t mine = tren_digest(facts->text, facts->n), first = mine;
    tren_comm_bcast(comm, &first, sizeof first);
    tren_status st = first == mine ? TREN_OK : differs;
    if (facts->out_of_memory) st = tren_fail(TREN_ERR_INTERNAL, "out of memory: facts of a rank");
    st = tren_comm_agree(comm, st);
    if (st == differs) st = exchange(comm, facts, code, remedy);
    tren_facts_close(facts);
    return st;
}
