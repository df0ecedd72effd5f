#include "cli/settings.h"
#include "cli/out_file.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_positional(const tren_setting *setting) {
    return isupper((unsigned char)setting->name[0]);
}

static void *place_of(const tren_settings_args *args, const tren_setting *setting) {
    return (char *)args->settings + setting->at;
}

/* Lists and choices are read as text first. */
static tren_arg option_of(tren_settings_args *args, size_t i) {
    static const tren_arg_type types[] = {
        [TREN_SETTING_FLAG] = TREN_ARG_FLAG,   [TREN_SETTING_TEXT] = TREN_ARG_TEXT,
        [TREN_SETTING_TEXTS] = TREN_ARG_TEXTS, [TREN_SETTING_INT] = TREN_ARG_INT,
        [TREN_SETTING_REAL] = TREN_ARG_REAL,   [TREN_SETTING_CHOICE] = TREN_ARG_TEXT,
    };
    const tren_setting *setting = &args->kind->setting[i];
    void *at = place_of(args, setting);
    if (setting->type == TREN_SETTING_TEXTS) at = &args->list[i];
    if (setting->type == TREN_SETTING_CHOICE) at = &args->text[i];
    return (tren_arg){.name = setting->name,
                      .type = types[setting->type],
                      .at = at,
                      .metavar = setting->value,
                      .help = setting->help,
                      .min = setting->min,
                      .max = setting->max};
}

tren_status tren_settings_open(tren_settings_args *args, const tren_source_kind *kind,
                               const tren_arg *common, int n) {
    *args = (tren_settings_args){.kind = kind};
    TREN_TRY(tren_alloc(&args->settings, 1, kind->settings_size, "the settings of a source"));
    tren_settings_default(args->settings, kind);
    for (size_t i = 0; i < kind->n_settings; i++) {
        if (!is_positional(&kind->setting[i])) args->option[args->n_options++] = option_of(args, i);
    }
    for (int i = 0; i < n; i++) args->option[args->n_options++] = common[i];
    args->option[args->n_options] = (tren_arg){0};
    return TREN_OK;
}

void tren_settings_close(tren_settings_args *args) {
    free(args->settings);
    args->settings = NULL;
}

/* ---- after parsing --------------------------------------------------------------------------- */

tren_status tren_texts_split(tren_texts *out, const char *name, const tren_arg_texts *raw) {
    for (int i = 0; i < raw->n; i++) {
        char *text = (char *)(uintptr_t)raw->at[i], *rest = text; /* a part of argv */
        while ((text = strsep(&rest, ","))) {
            if (!*text)
                return tren_fail(
                    TREN_ERR_USAGE,
                    "--%s: a value in the list is empty; remove a comma, or add the value", name);
            if (out->n == TREN_MAX_TEXTS)
                return tren_fail(TREN_ERR_USAGE, "--%s: more than %d values; give fewer", name,
                                 TREN_MAX_TEXTS);
            out->at[out->n++] = text;
        }
    }
    return TREN_OK;
}

/* The name of a file may have commas in it: what is there is one file. */
static tren_status split_files(tren_texts *out, const char *name, const tren_arg_texts *raw) {
    for (int i = 0; i < raw->n; i++) {
        tren_arg_texts one = {.n = 1, .at = {raw->at[i]}};
        if (access(raw->at[i], F_OK) != 0 || out->n == TREN_MAX_TEXTS)
            TREN_TRY(tren_texts_split(out, name, &one));
        else
            out->at[out->n++] = raw->at[i];
    }
    return TREN_OK;
}

static tren_status set_choice(int *value, const tren_setting *setting, const char *text) {
    if (!text) return TREN_OK;
    for (int i = 0; setting->choices[i]; i++) {
        if (strcmp(setting->choices[i], text) != 0) continue;
        *value = i;
        return TREN_OK;
    }
    return tren_fail(TREN_ERR_USAGE, "--%s: '%s' is none of %s", setting->name, text,
                     setting->value);
}

static tren_status set_positional(const tren_settings_args *args, const tren_setting *setting,
                                  int n) {
    void *at = place_of(args, setting);
    if (setting->type == TREN_SETTING_TEXT) {
        *(const char **)at = n > 0 ? args->positional[0] : NULL;
        return TREN_OK;
    }
    tren_texts *texts = at;
    texts->n = n;
    memcpy(texts->at, args->positional, (size_t)n * sizeof *texts->at);
    return TREN_OK;
}

static tren_status take_setting(const tren_settings_args *args, size_t i, int n_positional) {
    const tren_setting *setting = &args->kind->setting[i];
    if (is_positional(setting)) return set_positional(args, setting, n_positional);
    if (setting->type == TREN_SETTING_TEXTS)
        return (setting->is_file ? split_files : tren_texts_split)(place_of(args, setting),
                                                                   setting->name, &args->list[i]);
    if (setting->type == TREN_SETTING_CHOICE)
        return set_choice(place_of(args, setting), setting, args->text[i]);
    return TREN_OK;
}

static bool is_given(const void *at, tren_setting_type type) {
    switch (type) {
    case TREN_SETTING_TEXTS:
        return ((const tren_texts *)at)->n > 0;
    case TREN_SETTING_INT:
        return *(const int *)at != 0;
    default:
        return *(const char *const *)at != NULL;
    }
}

/* Texts, lists, and whole numbers from 1 on. */
static tren_status check_required(const tren_settings_args *args, const tren_setting *setting) {
    if (is_given(place_of(args, setting), setting->type)) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE, "%s%s is missing: %s", is_positional(setting) ? "" : "--",
                     setting->name, setting->help);
}

/* ---- parsing --------------------------------------------------------------------------------- */

static const tren_setting *positional_of(const tren_source_kind *kind) {
    for (size_t i = 0; i < kind->n_settings; i++)
        if (is_positional(&kind->setting[i])) return &kind->setting[i];
    return NULL;
}

/* "FILE ... --x NAME --y NAME --out FILE.h5 [options]" */
static void make_synopsis(char *out, size_t room, const tren_source_kind *kind) {
    const tren_setting *positional = positional_of(kind);
    size_t n = 0;
    if (positional)
        n += (size_t)snprintf(out, room, "%s %s", positional->name,
                              positional->type == TREN_SETTING_TEXTS ? "... " : "");
    for (size_t i = 0; i < kind->n_settings && n < room; i++) {
        const tren_setting *setting = &kind->setting[i];
        if (setting->required && !is_positional(setting))
            n += (size_t)snprintf(out + n, room - n, "--%s %s ", setting->name, setting->value);
    }
    if (n < room) snprintf(out + n, room - n, "--out FILE.h5 [options]");
}

tren_status tren_settings_parse(tren_settings_args *args, const char *what, int argc, char **argv,
                                bool *help) {
    const tren_source_kind *kind = args->kind;
    const tren_setting *positional = positional_of(kind);
    char command[64], synopsis[512];
    snprintf(command, sizeof command, "data %s %s", what, kind->name);
    make_synopsis(synopsis, sizeof synopsis, kind);
    int room = !positional ? 0 : positional->type == TREN_SETTING_TEXTS ? TREN_MAX_TEXTS : 1;
    tren_args parser = {.command = command,
                        .synopsis = synopsis,
                        .summary = kind->summary,
                        .options = args->option,
                        .positional = args->positional,
                        .max_positional = room};
    if (positional) {
        parser.positional_name = positional->name;
        parser.positional_help = positional->help;
        parser.too_many = positional->too_many;
    }
    TREN_TRY(tren_args_parse(&parser, argc, argv));
    *help = parser.help;
    if (*help) return TREN_OK;
    for (size_t i = 0; i < kind->n_settings; i++)
        TREN_TRY(take_setting(args, i, parser.n_positional));
    for (size_t i = 0; i < kind->n_settings; i++)
        if (kind->setting[i].required) TREN_TRY(check_required(args, &kind->setting[i]));
    return TREN_OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

enum { MAX_FILES = 4 * TREN_MAX_TEXTS };

/* The files that the settings name; returns how many. */
static int list_files(const char *file[MAX_FILES], const tren_settings_args *args) {
    int n = 0;
    for (size_t i = 0; i < args->kind->n_settings; i++) {
        const tren_setting *setting = &args->kind->setting[i];
        const void *at = place_of(args, setting);
        if (!setting->is_file) continue;
        bool is_list = setting->type == TREN_SETTING_TEXTS;
        tren_texts one = {1, {is_list ? NULL : *(const char *const *)at}};
        const tren_texts *list = is_list ? at : &one;
        for (int k = 0; k < list->n && n < MAX_FILES; k++)
            if (list->at[k]) file[n++] = list->at[k];
    }
    return n;
}

tren_status tren_settings_keep_files(const tren_settings_args *args, const char *out) {
    const char *file[MAX_FILES];
    int n = list_files(file, args);
    for (int i = 0; i < n; i++) TREN_TRY(tren_out_keep_input(out, file[i]));
    return TREN_OK;
}

/* Whatever its names are. */
static bool is_same_file(const struct stat *a, const struct stat *b) {
    return a->st_ino != 0 && a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

tren_status tren_settings_note_twice(tren_source *source, const tren_settings_args *args) {
    const char *file[MAX_FILES];
    int n = list_files(file, args), first = -1, twice = 0;
    struct stat *about;
    TREN_TRY(tren_alloc(&about, (size_t)n + 1, sizeof *about, "the files of a source"));
    for (int i = 0; i < n; i++) {
        if (stat(file[i], &about[i]) != 0) about[i].st_ino = 0;
        int k = 0;
        while (k < i && !is_same_file(&about[k], &about[i])) k++;
        if (k < i && twice++ == 0) first = i;
    }
    free(about);
    if (twice == 1)
        tren_source_note(source, "%s: is given twice, so its rows are in the dataset twice",
                         file[first]);
    else if (twice > 1)
        tren_source_note(
            source, "%s and %d other files are given twice, so their rows are in the dataset twice",
            file[first], twice - 1);
    return TREN_OK;
}
