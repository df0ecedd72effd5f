/* What the files of src/io share: the handle, quiet calls, and HDF5's error stack as one message.
 */
#ifndef TREN_IO_H5_INTERNAL_H
#define TREN_IO_H5_INTERNAL_H

#include <hdf5.h>
#include <limits.h>
#include "tren/io.h"

#define TREN_H5_TEXT 1536 /* room for a message that names a file or two */

/* A dataset opened for one access, with its extent. */
typedef struct tren_h5_set {
    hid_t id, space;
    tren_h5_shape shape;
    H5D_layout_t layout;
} tren_h5_set;

struct tren_h5 {
    hid_t id;
    char *path;       /* owned */
    tren_status code; /* of every failure on this file */
    bool writing;
    /* Text of the first failed write, or "": HDF5 may still report success when it closes the file.
     */
    char failure[TREN_H5_TEXT];

    /* The rest is of files that are read. */
    hid_t links;                /* access list with which every object is opened */
    bool allow_external;        /* see tren_h5_allow_external */
    const char *top;            /* not owned: the path of the file that the user named */
    bool elsewhere;             /* values that were asked for lie in other files */
    int depth;                  /* of virtual datasets whose sources are virtual */
    char refusal[TREN_H5_TEXT]; /* why an external link was not followed, or "" */
    char **checked;             /* [n_checked] owned: datasets whose values are all there */
    int n_checked;
};

/* Silences HDF5's own printing in this thread. Every entry point calls it: the setting is per
 * thread. */
void tren_h5_quiet(void);

/* Fails with file->code and the text "PATH: OBJECT: what: HDF5's reasons". object may be NULL.
 * Consumes the error stack, and remembers that a file being written has failed. */
tren_status tren_h5_error(tren_h5 *file, const char *object, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same without asking HDF5, for what it did right and we refuse. */
tren_status tren_h5_refuse(tren_h5 *file, const char *object, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* That there is no such dataset, and which there are. */
tren_status tren_h5_refuse_missing(tren_h5 *file, const char *name);

/* The type in memory. Not to be closed. */
hid_t tren_h5_native(tren_type type);
/* The type in the file: little-endian everywhere, so that files are the same bytes on every
 * machine. */
hid_t tren_h5_stored(tren_type type);
/* The nearest type of ours that holds every value of an HDF5 type; false when it is not a number.
 */
bool tren_h5_ours(tren_type *type, hid_t stored);

/* ---- datasets (h5_dataset.c) ----------------------------------------------------------------- */

/* Opens a dataset; of a file that is read, only when all its values are there. */
tren_status tren_h5_set_open(tren_h5 *file, const char *name, tren_h5_set *set);
void tren_h5_set_close(tren_h5_set *set);
/* The number of elements of dimensions [from, rank); SIZE_MAX where it does not fit. */
size_t tren_h5_count(const tren_h5_shape *shape, int from);

/* The chunk shape, of rank 0 where there are none; false when the file does not say. */
bool tren_h5_set_chunk(tren_h5_shape *chunk, const tren_h5_set *set);

/* Rows [first, first + n) of a dataset, wanted as `type`. */
typedef struct tren_h5_range {
    tren_h5 *file;
    const char *name;
    const tren_h5_set *set; /* not owned */
    size_t first, n;
    tren_type type;
} tren_h5_range;
tren_status tren_h5_range_read(const tren_h5_range *range, void *out);

/* ---- other files (h5_external.c) ------------------------------------------------------------- */

/* A list of `file`, to be closed, with which HDF5 asks before it follows an external link. */
hid_t tren_h5_links(tren_h5 *file);
/* Whether the file that `holder` calls `name` may be read: *path is where it lies, else `why` says
 * in a sentence what is wrong. Pipes, devices and sockets never may. */
bool tren_h5_may_read(const tren_h5 *file, const char *holder, const char *name,
                      char path[PATH_MAX], char why[TREN_H5_TEXT]);
/* What to do where other files are referred to that may not be read. */
const char *tren_h5_trust(const tren_h5 *file);
/* The path of the file that a dataset lies in, which an external link may have led to. */
void tren_h5_holder(char path[PATH_MAX], hid_t set);
/* Opens a file that `parent` refers to, with the same permissions. */
tren_status tren_h5_open_source(tren_h5 **file, tren_h5 *parent, const char *path);

/* ---- whether all values are there ------------------------------------------------------------ */

/* Where the values of a dataset lie, before its extent is asked for, which opens the sources of a
 * virtual one: external storage and sources that are missing or must not be read are refused. */
tren_status tren_h5_check_places(tren_h5 *file, const char *name, hid_t set);
/* Whether every value is stored: HDF5 reads the others as zeros. Refuses with the first rows. */
tren_status tren_h5_check_stored(tren_h5 *file, const char *name, const tren_h5_set *set);
/* The part of both that is about virtual datasets. */
tren_status tren_h5_check_sources(tren_h5 *file, const char *name, hid_t list, const char *holder);
tren_status tren_h5_check_virtual(tren_h5 *file, const char *name, hid_t list,
                                  const tren_h5_set *set);

/* ---- reading in another process (h5_apart.c) ------------------------------------------------- */

/* What a child process does with `file`. `run` writes what it read to fd. */
typedef struct tren_h5_task {
    tren_h5 *file;
    const char *name; /* of the dataset or attribute, for messages */
    tren_status (*run)(void *ctx, int fd);
    void *ctx;
} tren_h5_task;

/* Runs the task in a child process and receives `bytes` bytes of it. What crashes HDF5 ends the
 * child, and is an error here. TREN_ERR_ENV: no process can be started. */
tren_status tren_h5_apart(const tren_h5_task *task, void *out, size_t bytes);
/* As tren_h5_range_read, by a child process. */
tren_status tren_h5_range_read_apart(const tren_h5_range *range, void *out);

#endif
