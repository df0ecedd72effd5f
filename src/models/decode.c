/* Decoding: greedy, by drawing, and by beam search. Each step runs the network anew on every
 * hypothesis that has not ended. */
#include "base/series.h"
#include "tren/models.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A hypothesis may go on with this token. */
typedef struct candidate {
    int from;  /* of the hypotheses */
    int token; /* -1: it has ended and stays as it is */
    double log_probability, score;
} candidate;

struct tren_decoder {
    const tren_graph *graph;       /* not owned */
    const tren_dataset_info *info; /* not owned */
    tren_work *work;
    int axis, beam, most, vocabulary;
    tren_hypothesis *now, *next; /* [beam] owned, with their tokens [most] */
    candidate *best;             /* [beam] owned */
    int *length[TREN_SEQUENCES]; /* [beam] owned */
    int *row;                    /* [beam] of each hypothesis in the pass; owned */
    real *logits;                /* [vocabulary] owned */
};

/* ---- memory ---------------------------------------------------------------------------------- */

static tren_status open_hypotheses(tren_hypothesis **h, int beam, int most) {
    TREN_TRY(tren_alloc(h, (size_t)beam, sizeof **h, "hypotheses"));
    for (int i = 0; i < beam; i++)
        TREN_TRY(tren_alloc(&(*h)[i].token, (size_t)most, sizeof(int32_t), "hypotheses"));
    return TREN_OK;
}

static void close_hypotheses(tren_hypothesis *h, int beam) {
    for (int i = 0; h && i < beam; i++) free(h[i].token);
    free(h);
}

static tren_status open_parts(tren_decoder *d, real *value) {
    size_t beam = (size_t)d->beam;
    tren_work_spec spec = {.max_rows = d->beam, .shards = 1, .hi = 1, .value = value};
    TREN_TRY(tren_work_open(&d->work, d->graph, &spec));
    TREN_TRY(open_hypotheses(&d->now, d->beam, d->most));
    TREN_TRY(open_hypotheses(&d->next, d->beam, d->most));
    TREN_TRY(tren_alloc(&d->best, beam, sizeof *d->best, "hypotheses"));
    TREN_TRY(tren_alloc(&d->row, beam, sizeof *d->row, "hypotheses"));
    for (int k = 0; k < TREN_SEQUENCES; k++)
        TREN_TRY(tren_alloc(&d->length[k], beam, sizeof **d->length, "hypotheses"));
    return tren_alloc(&d->logits, (size_t)d->vocabulary, sizeof *d->logits, "logits");
}

tren_status tren_decoder_open(tren_decoder **decoder, const tren_graph *graph, real *value,
                              const tren_dataset_info *info, int beam, int most) {
    *decoder = NULL;
    tren_decoder *d = NULL;
    TREN_TRY(tren_alloc(&d, 1, sizeof *d, "a decoder"));
    d->graph = graph;
    d->info = info;
    d->axis = info->label_axis;
    d->vocabulary = info->vocabulary;
    d->beam = beam;
    d->most = most;
    tren_status st = open_parts(d, value);
    if (st == TREN_OK)
        *decoder = d;
    else
        tren_decoder_close(d);
    return st;
}

void tren_decoder_close(tren_decoder *d) {
    if (!d) return;
    tren_work_close(d->work);
    close_hypotheses(d->now, d->beam);
    close_hypotheses(d->next, d->beam);
    free(d->best);
    free(d->row);
    for (int k = 0; k < TREN_SEQUENCES; k++) free(d->length[k]);
    free(d->logits);
    free(d);
}

/* ---- one pass -------------------------------------------------------------------------------- */

typedef struct text {
    const int32_t *prompt, *source;
    int n_prompt, n_source;
} text;

/* The last `n` tokens of prompt and hypothesis. */
static void copy_last(int32_t *to, int n, const text *x, const tren_hypothesis *h) {
    int behind = n < h->n ? n : h->n, before = n - behind;
    memcpy(to, x->prompt + x->n_prompt - before, (size_t)before * sizeof *to);
    memcpy(to + before, h->token + h->n - behind, (size_t)behind * sizeof *to);
}

static int smaller(int a, int b) {
    return a < b ? a : b;
}

/* The tokens of row `row` along an axis. */
static void put_row(tren_decoder *d, int axis, int row, const text *x, const tren_hypothesis *h,
                    int32_t **at) {
    int room = d->info->tokens[axis - 1];
    int n = smaller(room, axis == d->axis ? x->n_prompt + h->n : x->n_source);
    if (axis == d->axis)
        copy_last(*at, n, x, h);
    else
        memcpy(*at, x->source, (size_t)n * sizeof **at);
    d->length[axis - 1][row] = n;
    *at += n;
}

/* Runs the network on the hypotheses that go on. Returns how many they are. */
static int run(tren_decoder *d, const text *x, int n_now) {
    int rows = 0;
    tren_pass pass = {.n_groups = 1, .scale = 1};
    for (int axis = 1; axis <= TREN_SEQUENCES; axis++) {
        const tren_layer *input = tren_graph_tokens_input(d->graph, axis);
        if (!input) continue;
        int32_t *at = tren_work_tokens(d->work, input);
        rows = 0;
        for (int i = 0; i < n_now; i++) {
            if (d->now[i].ended) continue;
            d->row[i] = rows;
            put_row(d, axis, rows++, x, &d->now[i], &at);
        }
        pass.length[axis - 1] = d->length[axis - 1];
    }
    pass.row0 = (int[]){0, rows};
    if (rows > 0) tren_forward(d->work, &pass);
    return rows;
}

/* The logits of what follows row `row`. */
static void take_logits(tren_decoder *d, int row) {
    size_t last = 0;
    for (int r = 0; r <= row; r++) last += (size_t)d->length[d->axis - 1][r];
    const real *y = tren_work_output(d->work) + (last - 1) * (size_t)d->vocabulary;
    memcpy(d->logits, y, (size_t)d->vocabulary * sizeof *y);
}

/* ---- what comes next ------------------------------------------------------------------------- */

static bool may_come(const tren_decoding *how, int token) {
    return token >= how->skipped || token == how->end;
}

/* log of the sum of exp of all logits: their softmax is exp(logit - this). */
static double log_sum(const tren_decoder *d) {
    double most = (double)d->logits[0], sum = 0;
    for (int j = 1; j < d->vocabulary; j++)
        if ((double)d->logits[j] > most) most = (double)d->logits[j];
    for (int j = 0; j < d->vocabulary; j++) sum += series_exp((double)d->logits[j] - most);
    return most + series_log(sum);
}

static double score(double log_probability, int n, const tren_decoding *how) {
    return log_probability / series_exp(how->length_penalty * series_log((double)n));
}

/* Keeps the best ones in order; of equals the first that came stays before. */
static void offer(candidate *best, int *n, int most, candidate c) {
    int at = *n < most ? (*n)++ : most;
    for (; at > 0 && c.score > best[at - 1].score; at--)
        if (at < most) best[at] = best[at - 1];
    if (at < most) best[at] = c;
}

static int choose_best(tren_decoder *d, const tren_decoding *how, int n_now) {
    int n = 0;
    for (int i = 0; i < n_now; i++) {
        const tren_hypothesis *h = &d->now[i];
        if (h->ended) {
            offer(d->best, &n, how->beam,
                  (candidate){i, -1, h->log_probability, score(h->log_probability, h->n, how)});
            continue;
        }
        take_logits(d, d->row[i]);
        double sum = log_sum(d);
        for (int j = 0; j < d->vocabulary; j++) {
            double now = h->log_probability + (double)d->logits[j] - sum;
            if (may_come(how, j))
                offer(d->best, &n, how->beam, (candidate){i, j, now, score(now, h->n + 1, how)});
        }
    }
    return n;
}

/* The logit of the top_k-th token that may come: those below are not drawn. */
static double least_logit(const tren_decoder *d, const tren_decoding *how) {
    double least = -INFINITY;
    if (how->top_k == 0) return least;
    for (int j = 0; j < d->vocabulary; j++) {
        int above = 0;
        if (!may_come(how, j)) continue;
        for (int i = 0; i < d->vocabulary && above < how->top_k; i++)
            above += may_come(how, i) && d->logits[i] >= d->logits[j];
        if (above >= how->top_k && (double)d->logits[j] > least) least = (double)d->logits[j];
    }
    return least;
}

static double weight(const tren_decoder *d, const tren_decoding *how, int token, double least,
                     double most) {
    double z = (double)d->logits[token];
    return may_come(how, token) && z >= least ? series_exp((z - most) / how->temperature) : 0;
}

static int draw(tren_decoder *d, const tren_decoding *how) {
    tren_rng rng = tren_rng_open(how->seed, TREN_RNG_DECODE, 0, how->text, 0);
    take_logits(d, 0);
    double least = least_logit(d, how), most = -INFINITY, sum = 0, sum_all = log_sum(d);
    for (int j = 0; j < d->vocabulary; j++)
        if (may_come(how, j) && (double)d->logits[j] > most) most = (double)d->logits[j];
    for (int j = 0; j < d->vocabulary; j++) sum += weight(d, how, j, least, most);
    double left = tren_rng_uniform(&rng, (uint32_t)d->now[0].n) * sum;
    int token = 0;
    for (int j = 0; j < d->vocabulary; j++) {
        double w = weight(d, how, j, least, most);
        if (w == 0) continue;
        token = j;
        left -= w;
        if (left < 0) break;
    }
    double log_probability = d->now[0].log_probability + (double)d->logits[token] - sum_all;
    d->best[0] = (candidate){0, token, log_probability, 0};
    return 1;
}

static void grow(tren_decoder *d, const tren_decoding *how, int n) {
    for (int i = 0; i < n; i++) {
        const candidate *c = &d->best[i];
        const tren_hypothesis *from = &d->now[c->from];
        tren_hypothesis *to = &d->next[i];
        memcpy(to->token, from->token, (size_t)from->n * sizeof *to->token);
        to->n = from->n;
        if (c->token >= 0) to->token[to->n++] = c->token;
        to->log_probability = c->log_probability;
        to->ended = c->token < 0 || c->token == how->end;
    }
    tren_hypothesis *swap = d->now;
    d->now = d->next;
    d->next = swap;
}

/* The target of a pair has no more places than the network has. */
static int most_tokens(const tren_decoder *d, const tren_decoding *how, int n_prompt) {
    int room = d->info->tokens[d->axis - 1] - n_prompt + 1;
    return d->axis == 2 ? smaller(how->most, room) : how->most;
}

const tren_hypothesis *tren_decode(tren_decoder *d, const tren_decoding *how, const int32_t *prompt,
                                   int n_prompt, const int32_t *source, int n_source) {
    text x = {prompt, source, n_prompt, n_source};
    int n = 1, most = most_tokens(d, how, n_prompt);
    for (int i = 0; i < d->beam; i++) {
        d->now[i].n = 0;
        d->now[i].ended = false;
        d->now[i].log_probability = -INFINITY;
    }
    d->now[0].log_probability = 0;
    for (int step = 0; step < most && run(d, &x, n) > 0; step++) {
        n = how->temperature > 0 ? draw(d, how) : choose_best(d, how, n);
        grow(d, how, n);
    }
    return d->now;
}
