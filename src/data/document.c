/* Which part each document of a text goes to. */
#include "data/corpus.h"
#include <stdlib.h>
#include <string.h>

static tren_status check_split(const tren_split *split) {
    if (!split->stratify && !split->keep_test && !split->take) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "a text is split by documents: remove --stratify, --keep-test and --take");
}

/* The end of the line nearest to a byte, before it or behind. */
static size_t line_end(tren_bytes text, size_t at) {
    size_t before = at, behind = at;
    while (before > 0 && text.at[before - 1] != '\n') before--;
    while (behind < text.n && text.at[behind - 1] != '\n') behind++;
    return at - before <= behind - at ? before : behind;
}

/* A single document becomes one for each part. Its places stay those of the whole. */
static tren_status cut(tren_corpus *c, const tren_split *split) {
    tren_bytes all = c->text[0];
    tren_text_place place = c->place[0];
    double until = 0;
    size_t begin = 0;
    c->n = 0;
    for (int part = 0; part < TREN_N_PARTS; part++) {
        until += split->percent[part] / 100;
        size_t at = (size_t)(until * (double)all.n + 0.5);
        size_t end = part == TREN_TEST || at >= all.n ? all.n : line_end(all, at);
        if (end < begin) end = begin;
        tren_bytes text = {all.at + begin, end - begin};
        TREN_TRY(tren_corpus_add(c, &text, &place));
        for (; begin < end; begin++) place.line += all.at[begin] == '\n';
    }
    return TREN_OK;
}

/* The part in whose share of all bytes a document's middle lies. */
static tren_part part_of(double middle, const tren_split *split) {
    double until = 0;
    for (int part = 0; part < TREN_TEST; part++) {
        until += split->percent[part] / 100;
        if (middle < until) return (tren_part)part;
    }
    return split->percent[TREN_TEST] > 0         ? TREN_TEST
           : split->percent[TREN_VALIDATION] > 0 ? TREN_VALIDATION
                                                 : TREN_TRAIN;
}

static void order_of(uint32_t *order, size_t n, const tren_split *split) {
    tren_rng rng = tren_rng_open(split->seed, TREN_RNG_SPLIT, 0, 0, 0);
    for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    if (split->shuffle) tren_rng_permutation(order, &rng, (uint32_t)n);
}

static void choose_parts(uint8_t *part, const uint32_t *order, const tren_corpus *c,
                         const tren_split *split, bool in_order) {
    double all = 0, at = 0;
    for (size_t i = 0; i < c->n; i++) all += (double)c->text[i].n;
    for (size_t i = 0; i < c->n; i++) {
        double bytes = (double)c->text[order[i]].n;
        part[order[i]] = in_order ? (uint8_t)i : (uint8_t)part_of((at + bytes / 2) / all, split);
        at += bytes;
    }
}

static tren_status check_parts(const tren_partition *p, const tren_split *split, size_t n) {
    char why[256] =
        "a single document is split at line ends, and this one has too few lines: give more text";
    if (n > 1)
        snprintf(why, sizeof why,
                 "the %zu documents are never cut: join the files ('cat A B >ALL'), because a "
                 "single document is cut into three, or give more and smaller documents "
                 "(--documents blank-lines)",
                 n);
    for (int part = 0; part < TREN_N_PARTS; part++)
        if (split->percent[part] > 0 && p->n[part] == 0)
            return tren_fail(TREN_ERR_USAGE,
                             "split: the %s part (%g %% of the text) would be empty: %s, or give "
                             "the part a larger percentage, or 0",
                             tren_part_name[part], split->percent[part], why);
    return TREN_OK;
}

tren_status tren_documents_deal(tren_partition *p, tren_corpus *c, const tren_split *split) {
    bool single = c->n == 1;
    uint32_t *order = NULL;
    uint8_t *part = NULL;
    tren_status st;
    *p = (tren_partition){0};
    TREN_GOTO(check_split(split));
    if (single) TREN_GOTO(cut(c, split));
    TREN_GOTO(tren_alloc(&order, c->n, sizeof *order, "the split"));
    TREN_GOTO(tren_alloc(&part, c->n, 1, "the split"));
    TREN_GOTO(tren_alloc(&p->memory, c->n, sizeof *p->memory, "the split"));
    order_of(order, c->n, &(tren_split){.seed = split->seed, .shuffle = split->shuffle && !single});
    choose_parts(part, order, c, split, single);
    uint32_t *next = p->memory;
    for (int k = 0; k < TREN_N_PARTS; k++) {
        p->row[k] = next;
        for (size_t i = 0; i < c->n; i++)
            if (part[order[i]] == k && c->text[order[i]].n > 0) *next++ = order[i];
        p->n[k] = (size_t)(next - p->row[k]);
    }
    st = check_parts(p, split, single ? 1 : c->n);
done:
    free(order);
    free(part);
    if (st != TREN_OK) tren_partition_close(p);
    return st;
}
