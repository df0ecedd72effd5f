/* Settings of a source as a table: the command line makes its options, their defaults and --help
 * from it, and fills the source's own struct. */
#ifndef TREN_DATA_SETTING_H
#define TREN_DATA_SETTING_H

#include "tren/base.h"

typedef enum tren_setting_type {
    TREN_SETTING_FLAG,  /* bool */
    TREN_SETTING_TEXT,  /* const char *, NULL when not given */
    TREN_SETTING_TEXTS, /* tren_texts: separated by commas, or the option repeated */
    TREN_SETTING_INT,   /* int */
    TREN_SETTING_REAL,  /* double */
    TREN_SETTING_CHOICE /* int, index into choices */
} tren_setting_type;

#define TREN_MAX_TEXTS 128
typedef struct tren_texts {
    int n;
    const char *at[TREN_MAX_TEXTS]; /* not owned */
} tren_texts;

typedef struct tren_setting {
    /* "images" stands for --images; a name in capitals ("FILE") for the arguments that are no
     * options: one, or for TREN_SETTING_TEXTS all. A source has at most one such setting. */
    const char *name;
    tren_setting_type type;
    size_t at; /* offset within the settings struct */
    const char
        *value; /* what --help calls the value ("NAME"); NULL for flags and positional arguments */
    const char *help; /* one sentence */
    union {
        int integer; /* also the index of a choice */
        double number;
        const char *text;
    } fallback; /* the default; lists and flags are empty */
    bool required;
    double min, max;            /* of numbers; no limits when both are 0 */
    const char *const *choices; /* NULL-terminated, for TREN_SETTING_CHOICE */
    bool is_file;               /* its texts are paths of files that are read */
    const char *too_many;       /* what to do where there are more than TREN_MAX_TEXTS, or NULL */
} tren_setting;

#define TREN_SETTING_COUNT(table) (sizeof(table) / sizeof((table)[0]))

#endif
