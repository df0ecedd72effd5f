/* IO: the only part that uses HDF5. A thin, typed layer: it checks every HDF5 call, and its
 * messages name file and dataset. Not collective: each rank opens files by itself, with the serial
 * driver. */
#ifndef TREN_IO_H
#define TREN_IO_H

#include "tren/base.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef enum tren_type { TREN_U8, TREN_I32, TREN_I64, TREN_F32, TREN_F64, TREN_U64 } tren_type;
size_t tren_type_size(tren_type type);
const char *tren_type_name(tren_type type); /* "u8", "i32", ... */
#ifdef TREN_DOUBLE
#define TREN_REAL TREN_F64
#else
#define TREN_REAL TREN_F32
#endif

/* The version of the loaded library: "1.10.8". */
void tren_h5_version(char *text, size_t n);

typedef struct tren_h5 tren_h5; /* an open HDF5 file */

#define TREN_H5_MAX_RANK 8
typedef struct tren_h5_shape {
    int rank;
    size_t dim[TREN_H5_MAX_RANK];
} tren_h5_shape;

/* Opens a file for reading. If it is missing, not HDF5, truncated or locked (remedy:
 * HDF5_USE_FILE_LOCKING=FALSE), fails with the status `code`, TREN_ERR_DATA or
 * TREN_ERR_CHECKPOINT. */
tren_status tren_h5_open(tren_h5 **file, const char *path, tren_status code);
/* A file may refer to other files: by external links and by the sources of virtual datasets. By
 * default these must be regular files in the folder of the file or below it. After this call they
 * may be anywhere, and external storage is read, too; pipes and devices are never read. Only for
 * files that the user trusts. */
void tren_h5_allow_external(tren_h5 *file);
/* Creates or truncates a file for writing, with superblock version 2 or later and checksummed
 * metadata. Refuses links, pipes and devices. */
tren_status tren_h5_create(tren_h5 **file, const char *path, tren_status code);
/* Closes a file opened for reading; closes and deletes one that is being written. Accepts NULL. */
void tren_h5_close(tren_h5 *file);
/* Completes a written file: flush, close, fsync. Fails if any write failed (full disk); then the
 * file is deleted. The handle must not be used afterwards, even after a failure. */
tren_status tren_h5_finish(tren_h5 *file);

bool tren_h5_has(tren_h5 *file, const char *name); /* a group or dataset */
tren_status tren_h5_group(tren_h5 *file, const char *name);
/* Every function that opens a dataset for reading fails if some of its values are not stored
 * anywhere (HDF5 would read zeros): rows that were never written, or sources of a virtual dataset
 * that are missing, lack the dataset or have fewer rows. The message names the rows and the file.
 */
/* Shape and type of a dataset. An HDF5 type that we do not have is reported as our nearest wider
 * type: bool and i8..i16 -> I32, u16 -> I32, u32 -> I64, f16 -> F32. */
tren_status tren_h5_info(tren_h5 *file, const char *name, tren_h5_shape *shape, tren_type *type);
size_t tren_h5_bytes(tren_h5 *file); /* size of the whole file */
const char *tren_h5_path(const tren_h5 *file);
/* To detect a change of a file: its identity, size and times. All zero if the file does not exist.
 * `elsewhere`: some of the values lie in other files, which may change independently. */
typedef struct tren_file_stamp {
    uint64_t device, inode, size, elsewhere;
    int64_t modified[2], changed[2]; /* seconds and nanoseconds */
} tren_file_stamp;
tren_file_stamp tren_h5_stamp(const tren_h5 *file);
/* The same for a path, without opening the file; all 0 if it does not exist. */
tren_file_stamp tren_path_stamp(const char *path);
/* The place of a dataset in its file, if the file holds its values contiguously and in the byte
 * format of memory. */
typedef struct tren_h5_place {
    uint64_t offset, rows; /* rows = 0: it does not (chunked, other file, other type) */
} tren_h5_place;
tren_h5_place tren_h5_find_place(tren_h5 *file, const char *name, tren_type type);
/* Whether the file was changed in place, as far as can be detected. A file that was removed or
 * replaced is not changed: a process that has it open still reads the old file. */
bool tren_file_stamp_differs(const tren_file_stamp *before, const tren_file_stamp *now);
/* The chunk shape of a dataset; its rank is 0 if the dataset is contiguous. */
tren_status tren_h5_chunk(tren_h5 *file, const char *name, tren_h5_shape *chunk);
/* Reads rows [first, first+n) of the first dimension, converted to `type`. `out` holds n *
 * product(dim[1..]). Data that is not contiguous (chunked, compressed, virtual) is read by a child
 * process, because damaged data can crash HDF5. TREN_ERR_ENV: the child cannot be started. */
tren_status tren_h5_read_rows(tren_h5 *file, const char *name, size_t first, size_t n,
                              tren_type type, void *out);
/* Reads a whole dataset of exactly `count` elements, converted to `type`. */
tren_status tren_h5_read(tren_h5 *file, const char *name, size_t count, tren_type type, void *out);
/* Creates a contiguous dataset and writes all of it. */
tren_status tren_h5_write(tren_h5 *file, const char *name, tren_h5_shape shape, tren_type type,
                          const void *data);
/* Creates an empty contiguous dataset, to be filled by tren_h5_write_rows. */
tren_status tren_h5_create_dataset(tren_h5 *file, const char *name, tren_h5_shape shape,
                                   tren_type type);
tren_status tren_h5_write_rows(tren_h5 *file, const char *name, size_t first, size_t n,
                               tren_type type, const void *data);

/* Attributes of a group or dataset ("/" for the file). Text is stored as UTF-8 of fixed size.
 * Readers fail if the attribute is missing or has another type class. */
tren_status tren_h5_put_text(tren_h5 *file, const char *object, const char *name, const char *text);
tren_status tren_h5_put_i64(tren_h5 *file, const char *object, const char *name, int64_t value);
tren_status tren_h5_put_u64(tren_h5 *file, const char *object, const char *name, uint64_t value);
tren_status tren_h5_put_i64s(tren_h5 *file, const char *object, const char *name,
                             const int64_t *value, size_t n);
tren_status tren_h5_put_f64s(tren_h5 *file, const char *object, const char *name,
                             const double *value, size_t n);
tren_status tren_h5_put_texts(tren_h5 *file, const char *object, const char *name,
                              const char *const *text, size_t n);
bool tren_h5_has_attr(tren_h5 *file, const char *object, const char *name);
/* Reads at most n-1 bytes and a terminating zero; longer text is an error. */
tren_status tren_h5_get_text(tren_h5 *file, const char *object, const char *name, char *text,
                             size_t n);
tren_status tren_h5_get_i64(tren_h5 *file, const char *object, const char *name, int64_t *value);
tren_status tren_h5_get_u64(tren_h5 *file, const char *object, const char *name, uint64_t *value);
/* *n in: room; out: count. */
tren_status tren_h5_get_i64s(tren_h5 *file, const char *object, const char *name, int64_t *value,
                             size_t *n);
tren_status tren_h5_get_f64s(tren_h5 *file, const char *object, const char *name, double *value,
                             size_t *n);
/* malloc'ed array of malloc'ed strings; the caller frees each and the array. */
tren_status tren_h5_get_texts(tren_h5 *file, const char *object, const char *name, char ***text,
                              size_t *n);
/* Calls fn for each child of a group, in name order. Stops if fn fails, and returns its status. */
tren_status tren_h5_each(tren_h5 *file, const char *group,
                         tren_status (*fn)(void *ctx, const char *name, bool is_group), void *ctx);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
