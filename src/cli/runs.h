/* What lies below a folder of runs, and what each run says of itself. Nothing there is trusted:
 * files may be missing, damaged, huge, or no files at all. Not collective. */
#ifndef TREN_CLI_RUNS_H
#define TREN_CLI_RUNS_H

#include "base/yaml_tree.h"
#include "tren/base.h"

/* ---- finding them ---------------------------------------------------------------------------- */

typedef struct tren_run_paths {
    char **at; /* [n] owned */
    int n;
    size_t room;
    int unreadable;  /* folders that could not be looked into */
    char *first_why; /* "PATH: reason" of the first of them; owned, or NULL */
} tren_run_paths;

/* Adds every run folder at or below `dir`, in the order of their names ("run2" before "run10").
 * Symbolic links are not followed, but `dir` may be one. TREN_ERR_DATA: dir is no folder. */
tren_status tren_run_paths_add(tren_run_paths *paths, const char *dir);
void tren_run_paths_close(tren_run_paths *paths); /* accepts the empty value */

/* TREN_ERR_USAGE: dir, the value of --out, is the folder of a run, which must not change. */
tren_status tren_runs_keep(const char *dir);

/* ---- one of them ----------------------------------------------------------------------------- */

typedef enum tren_run_state {
    TREN_RUN_LIVE,     /* a process holds the folder's lock */
    TREN_RUN_FINISHED, /* of result.json, as the next three */
    TREN_RUN_SAVED,    /* on a signal or at max_time: --resume goes on */
    TREN_RUN_DIVERGED,
    TREN_RUN_FAILED,
    TREN_RUN_STOPPED, /* no result, but a checkpoint: --resume goes on */
    TREN_RUN_DEAD,    /* neither: it ended before its first checkpoint */
    TREN_RUN_DAMAGED  /* result.json or metrics.csv is not what tren writes */
} tren_run_state;
extern const char *const tren_run_state_name[];

typedef struct tren_run_view {
    const char *path; /* not owned */
    tren_run_state state;
    double modified;         /* seconds since 1970 of the newest of its files */
    char *result;            /* result.json; owned, or NULL */
    char *header, *rows;     /* of metrics.csv; owned, or NULL */
    const char *last, *best; /* rows, within `rows`; NULL: none */
    bool config_tried;
    tren_yaml *config; /* once a key was asked for; owned, or NULL */
} tren_run_view;

/* Always succeeds: what cannot be read is left out. */
void tren_run_view_open(tren_run_view *view, const char *path);
void tren_run_view_close(tren_run_view *view);

enum { TREN_RUN_VALUE = 512 };
/* The value of a name, cut to fit: path, name, status, modified; else that of result.json; else of
 * metrics.csv, in the best epoch where the name begins with validation_, else in the last one; else
 * of the config. *text: it is a text also where it looks like a number. False: the run has none. */
#define TREN_RUN_CONFIG "config." /* before a name: the key of the config, whatever else has it */
bool tren_run_view_get(char out[TREN_RUN_VALUE], bool *text, tren_run_view *view, const char *name);
/* The same of the config alone; a view of which only the path is set will do. */
bool tren_run_view_config(char out[TREN_RUN_VALUE], tren_run_view *view, const char *key);
/* Calls fn with each name that result.json and metrics.csv have. */
void tren_run_view_names(const tren_run_view *view, void (*fn)(void *ctx, const char *name),
                         void *ctx);

#endif
