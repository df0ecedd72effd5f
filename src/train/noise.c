#include "train/noise.h"

#include <math.h>

tren_noise noise_estimate(double small, double b, double big, double all) {
    return (tren_noise){.square = (all * big - b * small) / (all - b),
                        .trace = (small - big) / (1 / b - 1 / all)};
}

double noise_rows(tren_noise noise) {
    return noise.square > 0 && noise.trace > 0 ? noise.trace / noise.square : NAN;
}

bool noise_is_due(const tren_run *run, const tren_position *at) {
    int every = run->config->gradient_noise;
    return every > 0 && run->config->shards > 1 && run_steps(run, at) % every == 0;
}

/* They take turns, so that the mean over an epoch is of all of them. */
static int shard_of(const tren_run *run, const tren_position *at) {
    return (int)(run_steps(run, at) / run->config->gradient_noise % run->config->shards);
}

/* The shard's gradient is a part of the whole one, of which the scale is 1 / (weight of the step).
 */
static double squares_of_mean(const tren_run *run, const tren_position *at) {
    const real *gradient = tren_reducer_node(run->reducer)[0];
    size_t n = run->graph->n_learned;
    double squares = 0, weight = feed_weight_of_shard(&run->feed);
    double scale = weight > 0 ? feed_weight_of_step(&run->feed, at->step) / weight : 0;
    for (size_t i = 0; i < n; i += TREN_CHUNK)
        squares +=
            run->graph->kernels->sum_squares(gradient + i, n - i < TREN_CHUNK ? n - i : TREN_CHUNK);
    return squares * scale * scale;
}

/* The ranks meet first: nobody reads my gradients of the step before any more. This call
 * names a rank that does not come. */
void noise_measure(tren_run *run, const tren_position *at) {
    int shard = shard_of(run, at);
    double small[2] = {0};
    tren_reducer_need(run->reducer, run->n_values + N_TAIL);
    tren_comm_agree(run->comm, TREN_OK);
    if (shard >= run->feed.lo && shard < run->feed.hi) {
        run_pass_of_shard(run, at, shard);
        small[0] = squares_of_mean(run, at);
        small[1] = run->feed.row0[run->feed.hi - run->feed.lo];
    }
    tren_comm_sum(run->comm, small, 2);
    run->alone.small = (tren_small){small[0], small[1]};
}

void noise_add(const tren_run *run, tren_position *at, double squares) {
    double all = (double)feed_rows_of_step(&run->feed, at->step);
    if (run->alone.small.rows == 0 || run->alone.small.rows >= all) return;
    tren_noise noise =
        noise_estimate(run->alone.small.squares, run->alone.small.rows, squares, all);
    if (!isfinite(noise.square) || !isfinite(noise.trace)) return; /* the step itself tells */
    at->noise_square += noise.square;
    at->noise_trace += noise.trace;
    at->noise_steps++;
}

tren_noise noise_of_epoch(const tren_position *at) {
    double n = at->noise_steps > 0 ? (double)at->noise_steps : NAN;
    return (tren_noise){at->noise_square / n, at->noise_trace / n};
}
