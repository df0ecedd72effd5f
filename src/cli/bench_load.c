/* Opening a dataset and reading this rank's share of it, as training does. */
#include "cli/args.h"
#include "cli/bench.h"
#include "tren/data.h"

#include <stdlib.h>

enum { ROUNDS = 5 };

static tren_status load(double *seconds, double *bytes, const tren_comm *comm, const char *path) {
    tren_dataset *dataset = NULL;
    tren_rows rows = {0};
    double since = tren_seconds();
    tren_status st = tren_dataset_open(&dataset, path);
    if (st == TREN_OK) {
        tren_sharding sharding = {.m = tren_dataset_info_of(dataset)->rows[TREN_TRAIN],
                                  .n = comm->size};
        size_t first = tren_shard_first(sharding, comm->rank);
        st = tren_rows_read(&rows, dataset, TREN_TRAIN, first,
                            tren_shard_size(sharding, comm->rank));
    }
    *seconds = tren_seconds() - since;
    *bytes = (double)rows.n * rows.width * (double)tren_type_size(rows.x_type);
    tren_rows_close(&rows);
    tren_dataset_close(dataset);
    return st;
}

tren_status bench_load(tren_comm *comm, int argc, char **argv) {
    const char *path = NULL;
    bool json = false;
    const tren_arg options[] = {{.name = "data",
                                 .type = TREN_ARG_TEXT,
                                 .at = &path,
                                 .metavar = "FILE.h5",
                                 .help = "Dataset to read."},
                                BENCH_JSON_OPTION(&json),
                                {.name = NULL}};
    tren_args args = {.command = "bench load",
                      .synopsis = "--data FILE.h5 [--json]",
                      .summary = "Open a dataset and read each rank's share, several times.",
                      .options = options};
    TREN_TRY(tren_args_parse(&args, argc, argv));
    if (args.help) return TREN_OK;
    if (!path) return tren_fail(TREN_ERR_USAGE, "the dataset is missing: give --data FILE.h5");
    double seconds[ROUNDS], bytes = 0, first = 0;
    bench_say_machine(comm, json);
    for (int i = 0; i < ROUNDS; i++) {
        tren_comm_barrier(comm);
        TREN_TRY(tren_comm_agree(comm, load(&seconds[i], &bytes, comm, path)));
        if (i == 0) first = seconds[0];
    }
    if (comm->rank > 0) return TREN_OK;
    double median = bench_median(seconds, ROUNDS);
    if (json) {
        tren_json row = bench_begin_row("load");
        tren_json_real(&row, "bytes", bytes);
        tren_json_real(&row, "first_seconds", first);
        tren_json_real(&row, "median_seconds", median);
        bench_end_row(&row);
        return TREN_OK;
    }
    printf("%.1f MB per rank: first %.1f ms, median %.1f ms, %.2f GB/s per rank\n", bytes * 1e-6,
           first * 1e3, median * 1e3, bytes / median * 1e-9);
    return TREN_OK;
}
