/* The options of a source, from its table of settings, beside those that all sources have. */
#ifndef TREN_CLI_SETTINGS_H
#define TREN_CLI_SETTINGS_H

#include "cli/args.h"
#include "tren/sources.h"

enum { TREN_MAX_OPTIONS = 48 };

/* What the parser fills before it becomes the source's settings. */
typedef struct tren_settings_args {
    const tren_source_kind *kind;
    void *settings; /* owned; of kind->settings_size */
    tren_arg option[TREN_MAX_OPTIONS];
    int n_options;
    tren_arg_texts list[TREN_MAX_OPTIONS]; /* raw lists, by setting */
    const char *text[TREN_MAX_OPTIONS];    /* raw choices, by setting */
    const char *positional[TREN_MAX_TEXTS];
} tren_settings_args;

/* Sets defaults and lists the source's options, followed by the n common ones. */
tren_status tren_settings_open(tren_settings_args *args, const tren_source_kind *kind,
                               const tren_arg *common, int n);
/* Parses. *help: the help was printed. `what` is "import" or "make". Lists are cut in place: argv
 * is changed. */
tren_status tren_settings_parse(tren_settings_args *args, const char *what, int argc, char **argv,
                                bool *help);
/* TREN_ERR_USAGE: `out` is one of the files that the settings name. */
tren_status tren_settings_keep_files(const tren_settings_args *args, const char *out);
/* A note in the source where the settings name a file twice. */
tren_status tren_settings_note_twice(tren_source *source, const tren_settings_args *args);
void tren_settings_close(tren_settings_args *args);

/* Splits every text of a raw list at its commas. */
tren_status tren_texts_split(tren_texts *out, const char *name, const tren_arg_texts *raw);

#endif
