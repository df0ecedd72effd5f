/* The list of sources, and what they share. */
#include "data/source.h"
#include "data/corpus.h"
#include "base/quote.h"
#include "base/text.h"
#include "data/schema.h"
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS(name) &tren_source_##name,
const tren_source_kind *const tren_source_kinds[] = {TREN_SOURCES(ADDRESS) NULL};

tren_status tren_source_find(const tren_source_kind **kind, const char *name, bool is_maker) {
    const char *candidate[64];
    size_t n = 0;
    for (const tren_source_kind *const *at = tren_source_kinds; *at; at++) {
        if ((*at)->is_maker != is_maker) continue;
        candidate[n++] = (*at)->name;
        *kind = *at;
        if (!strcmp((*at)->name, name)) return TREN_OK;
    }
    const char *verb = is_maker ? "make" : "import",
               *nearest = tren_text_nearest(name, candidate, n);
    if (nearest)
        return tren_fail(TREN_ERR_USAGE, "%s: unknown source '%s'; did you mean '%s'?", verb, name,
                         nearest);
    return tren_fail(TREN_ERR_USAGE,
                     "%s: unknown source '%s'; 'tren data %s --help' lists all sources", verb, name,
                     verb);
}

static void set_default(void *at, const tren_setting *setting) {
    switch (setting->type) {
    case TREN_SETTING_FLAG:
        *(bool *)at = false;
        break;
    case TREN_SETTING_TEXT:
        *(const char **)at = setting->fallback.text;
        break;
    case TREN_SETTING_TEXTS:
        ((tren_texts *)at)->n = 0;
        break;
    case TREN_SETTING_INT:
    case TREN_SETTING_CHOICE:
        *(int *)at = setting->fallback.integer;
        break;
    case TREN_SETTING_REAL:
        *(double *)at = setting->fallback.number;
        break;
    }
}

void tren_settings_default(void *settings, const tren_source_kind *kind) {
    for (size_t i = 0; i < kind->n_settings; i++)
        set_default((char *)settings + kind->setting[i].at, &kind->setting[i]);
}

void tren_source_close(tren_source *source) {
    tren_text_free_list(source->class_name, source->n_classes);
    tren_text_free_list(source->column_name, source->column_name ? source->shape.c : 0);
    tren_text_free_list(source->target_name, source->n_targets);
    free(source->x);
    free(source->y);
    free(source->weight);
    free(source->doubt);
    tren_corpus_close(source->corpus);
    *source = (tren_source){0};
}

size_t tren_source_rows(const tren_source *source) {
    return source->n + source->n_test;
}

size_t tren_source_width(const tren_source *source) {
    return (size_t)tren_shape_size(source->shape);
}

void tren_source_add_origin(tren_source *source, const char *text) {
    size_t n = strlen(source->origin), room = sizeof source->origin - n;
    if (n > 0 && room > 1) source->origin[n] = ' ', n++, room--;
    tren_shown(source->origin + n, room, text);
}

void tren_source_add_file(tren_source *source, const char *path) {
    const char *slash = strrchr(path, '/');
    tren_source_add_origin(source, slash ? slash + 1 : path);
}

void tren_source_note(tren_source *source, const char *format, ...) {
    size_t n = strlen(source->notes), room = sizeof source->notes - n;
    va_list args;
    va_start(args, format);
    int added = vsnprintf(source->notes + n, room, format, args);
    va_end(args);
    for (char *c = source->notes + n; *c; c++)
        if (iscntrl((unsigned char)*c)) *c = '?'; /* of names in files */
    if (added < 0 || (size_t)added + 2 > room)
        source->notes[n] = '\0';
    else
        strcat(source->notes, "\n");
}

/* ---- integers -------------------------------------------------------------------------------- */

static tren_status largest_label(int64_t *largest, const int64_t *label, size_t n,
                                 const char *what) {
    *largest = -1;
    for (size_t i = 0; i < n; i++) {
        if (label[i] < 0 || label[i] >= TREN_MAX_CLASSES)
            return tren_fail(TREN_ERR_DATA,
                             "%s: row %zu: the label %lld is not a class number from 0 to %d: "
                             "number the classes from 0 up",
                             what, i, (long long)label[i], TREN_MAX_CLASSES - 1);
        if (label[i] > *largest) *largest = label[i];
    }
    return TREN_OK;
}

tren_status tren_source_set_labels(tren_source *source, const int64_t *label, const char *what) {
    size_t n = tren_source_rows(source);
    int64_t largest;
    TREN_TRY(largest_label(&largest, label, n, what));
    source->n_classes = (int)largest + 1;
    source->n_targets = 1;
    source->y_type = largest < 256 ? TREN_U8 : TREN_I32;
    TREN_TRY(tren_alloc(&source->y, n, tren_type_size(source->y_type), "labels"));
    for (size_t i = 0; i < n; i++) {
        if (source->y_type == TREN_U8)
            ((uint8_t *)source->y)[i] = (uint8_t)label[i];
        else
            ((int32_t *)source->y)[i] = (int32_t)label[i];
    }
    return TREN_OK;
}

static bool all_exact_in_f32(const int64_t *value, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (value[i] < -(1 << 24) || value[i] > 1 << 24) return false;
    return true;
}

tren_status tren_source_set_integers(tren_source *source, const int64_t *value) {
    size_t n = tren_source_rows(source) * tren_source_width(source);
    source->x_type = all_exact_in_f32(value, n) ? TREN_F32 : TREN_F64;
    TREN_TRY(tren_alloc(&source->x, n, tren_type_size(source->x_type), "the rows of a source"));
    for (size_t i = 0; i < n; i++) {
        if (source->x_type == TREN_F32)
            ((float *)source->x)[i] = (float)value[i];
        else
            ((double *)source->x)[i] = (double)value[i];
    }
    return TREN_OK;
}

/* ---- class names ----------------------------------------------------------------------------- */

static void relabel(tren_source *source, const int *to) {
    size_t n = tren_source_rows(source);
    for (size_t i = 0; i < n; i++) {
        if (source->y_type == TREN_U8)
            ((uint8_t *)source->y)[i] = (uint8_t)to[((uint8_t *)source->y)[i]];
        else
            ((int32_t *)source->y)[i] = to[((int32_t *)source->y)[i]];
    }
}

static tren_status reorder_classes(tren_source *source, const char *const *name, int n) {
    int *to;
    TREN_TRY(tren_alloc(&to, (size_t)source->n_classes, sizeof *to, "class names"));
    tren_status st = TREN_OK;
    for (int i = 0; i < source->n_classes && st == TREN_OK; i++) {
        to[i] = 0;
        while (to[i] < n && strcmp(name[to[i]], source->class_name[i]) != 0) to[i]++;
        if (to[i] == n)
            st = tren_fail(TREN_ERR_USAGE,
                           "--class-names lacks the label '%s', which occurs in the data; add it",
                           source->class_name[i]);
    }
    if (st == TREN_OK) relabel(source, to);
    free(to);
    return st;
}

const char *tren_names_repeat(const char *const *name, int n) {
    for (int i = 0; i < n; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(name[i], name[k]) == 0) return name[i];
    return NULL;
}

tren_status tren_source_name_classes(tren_source *source, const char *const *name, int n) {
    if (source->n_classes == 0)
        return tren_fail(TREN_ERR_USAGE,
                         "--class-names: the data has targets, not classes; remove the option");
    if (n < source->n_classes)
        return tren_fail(
            TREN_ERR_USAGE,
            "--class-names names %d classes, but the data has labels up to %d; name all classes", n,
            source->n_classes - 1);
    if (source->class_name) TREN_TRY(reorder_classes(source, name, n));
    tren_text_free_list(source->class_name, source->n_classes);
    source->class_name = NULL;
    source->n_classes = 0;
    TREN_TRY(tren_alloc(&source->class_name, (size_t)n, sizeof *source->class_name, "class names"));
    for (source->n_classes = 0; source->n_classes < n; source->n_classes++) {
        source->class_name[source->n_classes] = strdup(name[source->n_classes]);
        if (!source->class_name[source->n_classes])
            return tren_fail(TREN_ERR_INTERNAL, "out of memory");
    }
    return TREN_OK;
}
