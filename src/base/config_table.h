/* What the parts of the config share beyond tren/config.h: ranges, sections, and values as text. */
#ifndef TREN_BASE_CONFIG_TABLE_H
#define TREN_BASE_CONFIG_TABLE_H

#include <stdlib.h>

#include "tren/config.h"

/* Bounds that stand for an open end or for none. */
#define TREN_ABOVE_0  0x1p-1022 /* the smallest normal number: anything above zero */
#define TREN_BELOW_1  0x1.fffffffffffffp-1
#define TREN_NO_LIMIT 0x1.fffffffffffffp+1023

static inline void *tren_option_at(const tren_option *option, tren_config *config) {
    return (char *)config + option->at;
}

static inline const void *tren_option_in(const tren_option *option, const tren_config *config) {
    return (const char *)config + option->at;
}

/* Whether the option may be left out: "null" in the file, negative in the struct. */
bool tren_option_nullable(const tren_option *option);
bool tren_option_is_list(const tren_option *option);
/* Whether the numbers held in `config` lie in the option's range. */
bool tren_option_in_range(const tren_option *option, const tren_config *config);

/* config_set.c: the option's value at its offset in `values`, a config or the settings of a layer;
 * `where` begins the error message. */
tren_status tren_option_set(const tren_option *option, const char *text, const char *where,
                            void *values);
/* One key of a config, given by whom: TREN_GIVEN_BY_FILE, ... A list of layers chooses the model
 * `layers`, too, where nobody of that rank has named a model. */
tren_status tren_config_give(tren_config *config, const tren_option *option, const char *text,
                             const char *where, int by);
/* config_text.c: two lists of layers, line ends apart. */
bool tren_layers_same(const tren_layers_text *a, const tren_layers_text *b);

/* config_acts.c: whether other keys let this one act. */
bool tren_option_acts(const tren_option *option, const tren_config *config);
/* TREN_ERR_USAGE: a key was given that does not act. */
tren_status tren_config_check_acts(const tren_config *config);

/* config_text.c: TREN_ERR_USAGE: too long, nested too deeply, or no text. */
tren_status tren_config_check_text(const char *text, size_t n, const char *name);

/* Whether some key is `name` followed by a dot: "optimizer". */
bool tren_section_exists(const char *name);
/* The first key of the section `name`, to show what keys look like there, or NULL. */
const char *tren_section_first(const char *name);

#endif
