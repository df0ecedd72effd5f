/* Progress of reading rows. */
#include "train/run.h"

#define GB 1e9

static const double period = 5; /* seconds between two lines */

const char *reading_tell(char text[READING_TEXT], tren_reading *r, double now) {
    text[0] = '\0';
    if (now - r->told < period) return text;
    r->told = now;
    double rate = r->done / (now - r->begun);
    if (r->done < r->all)
        snprintf(text, READING_TEXT, "reading rows: %.0f %% of %.3g GB, %.3g GB/s",
                 100 * r->done / r->all, r->all / GB, rate / GB);
    else /* other parts too, where a dataset has no digests */
        snprintf(text, READING_TEXT, "reading rows: %.3g GB so far, %.3g GB/s", r->done / GB,
                 rate / GB);
    return text;
}

static void note(void *ctx, size_t bytes) {
    tren_run *run = ctx;
    char text[READING_TEXT];
    run->reading.done += (double)bytes;
    atomic_fetch_add_explicit(&run->clock->watch->beat, 1, memory_order_relaxed);
    if (run->reading.log && reading_tell(text, &run->reading, tren_seconds())[0])
        tren_log_line(run->reading.log, "%s", text);
}

void reading_begin(tren_run *run) {
    const tren_dataset_info *info = run->info;
    tren_node mine = tren_comm_shards(run->comm, run->config->shards, run->comm->rank);
    double row = tren_shape_size(info->shape) * (double)tren_type_size(info->x_type);
    double share = (double)(mine.b - mine.a) / run->config->shards;
    run->reading.begun = run->reading.told = tren_seconds();
    run->reading.all = row * share * (double)info->rows[TREN_TRAIN];
    tren_dataset_watch(run->dataset, note, run);
}

void reading_end(tren_run *run) {
    tren_dataset_watch(run->dataset, NULL, NULL);
}
