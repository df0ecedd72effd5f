/* Private to train: the run folder, and the lock that keeps two runs out of one. Rank 0 only. */
#ifndef TREN_TRAIN_FOLDER_H
#define TREN_TRAIN_FOLDER_H

#include "tren/config.h"

typedef struct tren_folder {
    char path[TREN_MAX_PATH]; /* "": no folder, nothing is written */
    int lock;                 /* file descriptor, or -1 */
    FILE *log, *metrics;
    unsigned written; /* which of the files that stay this launch has written, a bit for each */
} tren_folder;

/* Makes the folder and opens its lock. */
tren_status tren_folder_open(tren_folder *folder, const char *path);
/* Tries to take the lock; false while another run holds it. */
bool tren_folder_lock(const tren_folder *folder);
/* What follows the lock: refuses a used folder unless resume, and opens the log. */
tren_status tren_folder_begin(tren_folder *folder, bool resume);
void tren_folder_close(tren_folder *folder);
void tren_folder_path(char *out, size_t n, const tren_folder *folder, const char *name);
void tren_folder_remove(const tren_folder *folder, const char *name); /* if it is there */
/* Whether the folder still has our lock: it may have been removed, emptied, or made anew by another
 * run, whose files must not be touched. TREN_ERR_ENV. */
tren_status tren_folder_check(const tren_folder *folder);
bool tren_folder_is_others(const tren_folder *folder);
/* It was removed, or is another run's now: nothing can be written there. */
bool tren_folder_is_gone(const tren_folder *folder);
/* Where the folder was moved, on its file system, the path becomes the new one; true: just now. */
bool tren_folder_follow(tren_folder *folder);
/* Whether metrics.csv still is the file that is open, with n bytes. */
bool tren_folder_keeps_metrics(const tren_folder *folder, size_t n);
/* This launch has written the file. */
void tren_folder_note(tren_folder *folder, const char *name);
/* Whether all that this launch has written is there at its end. TREN_ERR_ENV names what is lost. */
tren_status tren_folder_check_end(const tren_folder *folder);
/* Writes a small text file by way of a temporary one. */
tren_status tren_folder_write(tren_folder *folder, const char *name, const char *text);

#endif
