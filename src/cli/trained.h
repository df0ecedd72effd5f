/* Trained weights and the data they are to be tried on: what eval and predict begin with. */
#ifndef TREN_CLI_TRAINED_H
#define TREN_CLI_TRAINED_H

#include "tren/train.h"

/* What the command line says; NULL where it says nothing. */
typedef struct tren_trained_args {
    const char *source; /* run folder or checkpoint */
    const char *which;  /* "best" or "last": of a run folder */
    const char *data;   /* NULL: the dataset of the run */
    const char *split;  /* "train", "validation" or "test", the default */
    const char *cpu;    /* level of the kernels; NULL: auto */
    bool unlabeled;     /* rows without labels will do */
    bool no_rows;       /* so will a part without rows */
    bool no_data;       /* no dataset is wanted */
} tren_trained_args;

#define TREN_TRAINED_CPU(at)                                                                       \
    {                                                                                              \
        "cpu", TREN_ARG_TEXT, at, "LEVEL",                                                         \
            .help = "Instruction set, as for 'tren train': auto, baseline, v3, v4, aarch64. All "  \
                    "give the same result."                                                        \
    }

typedef struct tren_trained {
    char path[TREN_MAX_PATH + 64]; /* of the checkpoint */
    tren_checkpoint checkpoint;    /* its data: what the network takes and gives */
    tren_config config;            /* as trained, but for the dataset */
    tren_part part;
    bool unlabeled, no_rows, no_data; /* as the arguments said */
    tren_dataset *dataset;            /* NULL: none is wanted */
    tren_graph *graph;
    tren_arena value;
} tren_trained;

/* Finds, reads and verifies the checkpoint; where it holds the other precision, the other program
 * takes over (tren_launch_precision). Before MPI_Init. argv as the command got it. */
tren_status tren_trained_find(tren_trained *trained, const tren_trained_args *args, char **argv);
/* Builds the network, reads its weights and opens the dataset, where one is wanted; it must suit
 * the network. Collective. */
tren_status tren_trained_open(tren_trained *trained, const tren_comm *comm);
/* To stderr: outputs of some rows are not finite, so `what` ("the loss means") nothing. */
void tren_trained_warn(const tren_trained *trained, const char *what);
void tren_trained_close(tren_trained *trained); /* accepts the empty value */

/* A command: what it does once MPI has begun, and with what arguments. Collective. */
typedef struct tren_trained_command {
    const char *name;
    tren_status (*run)(const tren_comm *comm, const void *args, tren_trained *trained);
    const tren_trained_args *trained;
    const void *args; /* all of them, for `run` */
} tren_trained_command;
/* Finds the weights, starts MPI, runs the command and ends MPI; parsed: what became of its
 * arguments. Returns the exit code. */
int tren_trained_main(const tren_trained_command *command, tren_status parsed, char **argv);

/* An evaluator of the part, normalised as the training data was: for scores and all metrics, by all
 * ranks; or for rows in their order, by rank 0 alone. Collective. */
typedef enum tren_trained_use { TREN_TRAINED_ROWS, TREN_TRAINED_SCORED } tren_trained_use;
tren_status tren_trained_evaluator(tren_evaluator **evaluator, tren_trained *trained,
                                   const tren_comm *comm, tren_trained_use use);
/* "runs/a/best.h5: mlp 784-512-10 after epoch 12" and "fm.h5: 10000 rows of the test part". */
void tren_trained_describe(char *out, size_t n, const tren_trained *trained);
size_t tren_trained_rows(const tren_trained *trained);
/* Complete epochs of training behind the weights. */
int64_t tren_trained_epoch(const tren_trained *trained);

#endif
