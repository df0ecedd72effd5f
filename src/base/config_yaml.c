/* The YAML reader: libyaml's document, whose nodes know their line, walked against the options
 * table. */
#include "base/config_table.h"
#include "base/input.h"
#include "base/quote.h"
#include "base/text.h"
#include "base/yaml_tree.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

enum { MAX_KEY = 128, MAX_BYTES = 1 << 20 };

typedef struct reader {
    tren_config *config;
    const char *name; /* of the file, for messages */
    const char *text; /* not owned */
    size_t n;
    yaml_document_t *document;
    tren_grid *grid;            /* not owned; NULL: there may be none */
    int line_of[TREN_MAX_KEYS]; /* where each option was given; 0: not yet */
} reader;

static int line_of(const yaml_node_t *node) {
    return (int)node->start_mark.line + 1;
}

static tren_status fail_at(const reader *r, const yaml_node_t *node, const char *key,
                           const char *problem) {
    return tren_fail(TREN_ERR_USAGE, "%s:%d: '%.80s' %s", r->name, line_of(node), key, problem);
}

/* ---- values ---------------------------------------------------------------------------------- */

static const char *scalar(const yaml_node_t *node) {
    return (const char *)node->data.scalar.value;
}

static bool is_plain_null(yaml_node_t *node) {
    return tren_yaml_is_null((tren_yaml_node){NULL, node});
}

/* A sequence of scalars as "[a, b]". */
static tren_status join(const reader *r, const yaml_node_t *node, const char *key, char *out,
                        size_t room) {
    size_t at = (size_t)snprintf(out, room, "[");
    const yaml_node_item_t *first = node->data.sequence.items.start,
                           *end = node->data.sequence.items.top;
    for (const yaml_node_item_t *item = first; item < end; item++) {
        const yaml_node_t *element = yaml_document_get_node(r->document, *item);
        if (element->type != YAML_SCALAR_NODE)
            return fail_at(r, element, key,
                           "is a list of lists or maps; give a flat list of numbers or names");
        if (strpbrk(scalar(element), ",[]"))
            return fail_at(r, element, key,
                           "has an entry that is not a number or a name; give a flat list of "
                           "numbers or names");
        at += (size_t)snprintf(out + at, room - at, "%s%s", item > first ? ", " : "",
                               scalar(element));
        if (at + 2 > room)
            return fail_at(r, element, key, "is a list that is too long; give fewer numbers");
    }
    memcpy(out + at, "]", 2);
    return TREN_OK;
}

static tren_status give(reader *r, const tren_option *option, const char *text, const char *where) {
    return tren_config_give(r->config, option, text, where, TREN_GIVEN_BY_FILE);
}

/* The text of a scalar; decoded into `bytes` where it is !!binary, as paths that are not UTF-8 are.
 */
static tren_status text_of(const char **text, char bytes[TREN_MAX_PATH], const reader *r,
                           const char *key, const yaml_node_t *node) {
    const char *tag = (const char *)node->tag;
    *text = scalar(node);
    if (strlen(*text) != node->data.scalar.length)
        return fail_at(r, node, key, "contains a zero byte; remove it");
    if (!tag || strcmp(tag, "tag:yaml.org,2002:binary") != 0) return TREN_OK;
    if (!tren_base64_decode(bytes, TREN_MAX_PATH, *text))
        return fail_at(r, node, key,
                       "is marked !!binary, but is not the base64 of a text of at most 1023 bytes; "
                       "make it with 'printf %s PATH | base64 -w 0'");
    *text = bytes;
    return TREN_OK;
}

/* A list of layers as text, with its lines where asked: the caller frees. */
static tren_status text_of_layers(char **text, const reader *r, const char *key, yaml_node_t *node,
                                  bool lines) {
    char where[TREN_MAX_PATH + 64];
    snprintf(where, sizeof where, "%s:%d: %s", r->name, line_of(node), key);
    TREN_TRY(tren_alloc(text, TREN_MAX_LAYERS, 1, "a list of layers"));
    tren_status st = tren_yaml_flatten(*text, TREN_MAX_LAYERS, (tren_yaml_node){r->document, node},
                                       lines, where);
    if (st == TREN_OK) return st;
    free(*text);
    *text = NULL;
    return st;
}

static tren_status set_layers(reader *r, const tren_option *option, yaml_node_t *node,
                              const char *where) {
    char *text;
    TREN_TRY(text_of_layers(&text, r, option->key, node, true));
    tren_status st = give(r, option, text, where);
    free(text);
    return st;
}

static tren_status set_scalar(reader *r, const tren_option *option, yaml_node_t *node,
                              const char *where) {
    const char *text;
    char bytes[TREN_MAX_PATH];
    TREN_TRY(text_of(&text, bytes, r, option->key, node));
    if (is_plain_null(node)) {
        bool may = option->type == TREN_OPTION_TEXT || tren_option_nullable(option);
        if (!may) return fail_at(r, node, option->key, "has no value; give one, or remove the key");
        text = "";
    }
    return give(r, option, text, where);
}

static tren_status set_value(reader *r, const tren_option *option, yaml_node_t *node) {
    char where[TREN_MAX_PATH + 16], list[4096], takes[256];
    snprintf(where, sizeof where, "%s:%d", r->name, line_of(node));
    tren_option_describe(takes, sizeof takes, option);
    switch (node->type) {
    case YAML_SCALAR_NODE:
        return set_scalar(r, option, node, where);
    case YAML_SEQUENCE_NODE:
        if (option->type == TREN_OPTION_LAYERS) return set_layers(r, option, node, where);
        if (!tren_option_is_list(option))
            return tren_fail(TREN_ERR_USAGE, "%s: %s: expected one value, found a list; give %s",
                             where, option->key, takes);
        TREN_TRY(join(r, node, option->key, list, sizeof list));
        return give(r, option, list, where);
    default:
        return tren_fail(TREN_ERR_USAGE, "%s: %s: expected one value, found a map; give %s", where,
                         option->key, takes);
    }
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* What others call the section of a sweep. */
static bool is_grid_word(const char *key) {
    static const char *const word[] = {"sweep", "grid_search", "search", "parameters", "params"};
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        if (strcmp(key, word[i]) == 0) return true;
    return false;
}

static tren_status fail_unknown(const reader *r, const yaml_node_t *node, const char *key,
                                bool is_map) {
    char section[TREN_MAX_SECTION];
    const char *nearest = is_map && is_grid_word(key) ? "grid"
                          : is_map                    ? tren_section_nearest(section, key)
                                                      : tren_option_nearest(key);
    if (strcmp(key, "<<") == 0)
        return fail_at(r, node, key, "(merging of maps) is not supported; write out the keys");
    if (!nearest)
        return tren_fail(TREN_ERR_USAGE,
                         "%s:%d: unknown %s '%.80s'; 'tren train --help' lists all keys", r->name,
                         line_of(node), is_map ? "section" : "key", key);
    return tren_fail(TREN_ERR_USAGE, "%s:%d: unknown %s '%.80s'; did you mean '%s'?", r->name,
                     line_of(node), is_map ? "section" : "key", key, nearest);
}

static tren_status set_option(reader *r, const tren_option *option, const yaml_node_t *key,
                              yaml_node_t *value) {
    int *line = &r->line_of[option - tren_options(NULL)];
    if (*line > 0)
        return tren_fail(TREN_ERR_USAGE,
                         "%s:%d: '%s' was already given on line %d; remove one of them", r->name,
                         line_of(key), option->key, *line);
    *line = line_of(key);
    return set_value(r, option, value);
}

/* ---- the grid of a sweep ---------------------------------------------------------------------
 */

static tren_status add_value(const reader *r, tren_axis *axis, yaml_node_t *node) {
    char list[4096], bytes[TREN_MAX_PATH];
    const char *text = list;
    if (axis->n == TREN_MAX_AXIS)
        return fail_at(r, node, axis->option->key,
                       "has more than 256 values in the grid; give fewer");
    if (node->type == YAML_SEQUENCE_NODE && axis->option->type == TREN_OPTION_LAYERS)
        return text_of_layers(&axis->text[axis->n++], r, axis->option->key, node, false);
    if (node->type == YAML_SEQUENCE_NODE && tren_option_is_list(axis->option))
        TREN_TRY(join(r, node, axis->option->key, list, sizeof list));
    else if (node->type == YAML_SCALAR_NODE)
        TREN_TRY(text_of(&text, bytes, r, axis->option->key, node));
    else
        return fail_at(
            r, node, axis->option->key,
            "has a value of the wrong kind in the grid; give values that the key accepts");
    axis->text[axis->n] = strdup(text);
    return axis->text[axis->n++] ? TREN_OK : tren_fail_memory(0, "a grid");
}

/* Each value is tried on the config, which is set right again when the points are made. */
static tren_status check_values(reader *r, const tren_axis *axis, const yaml_node_t *node) {
    char where[TREN_MAX_PATH + 16];
    snprintf(where, sizeof where, "%s:%d: grid", r->name, line_of(node));
    tren_config trial = *r->config;
    for (int i = 0; i < axis->n; i++) {
        for (int j = 0; j < i; j++)
            if (strcmp(axis->text[i], axis->text[j]) == 0)
                return fail_at(r, node, axis->option->key,
                               "has the same value twice in the grid; remove one of them");
        TREN_TRY(tren_config_set(&trial, axis->option->key, axis->text[i], where));
    }
    return TREN_OK;
}

static tren_status add_axis(reader *r, const tren_option *option, const yaml_node_t *key,
                            const yaml_node_t *values) {
    tren_grid *grid = r->grid;
    if (values->type != YAML_SEQUENCE_NODE)
        return fail_at(r, key, option->key, "needs a list of values in the grid: [1, 2, 3]");
    if (grid->n_axes == TREN_MAX_AXES)
        return fail_at(r, key, option->key, "is one key too many; a grid has at most 16");
    for (int i = 0; i < grid->n_axes; i++)
        if (grid->axis[i].option == option)
            return fail_at(r, key, option->key, "is in the grid twice; remove one of them");
    tren_axis *axis = &grid->axis[grid->n_axes++];
    *axis = (tren_axis){.option = option};
    const yaml_node_item_t *end = values->data.sequence.items.top;
    for (const yaml_node_item_t *item = values->data.sequence.items.start; item < end; item++)
        TREN_TRY(add_value(r, axis, yaml_document_get_node(r->document, *item)));
    if (axis->n == 0)
        return fail_at(r, key, option->key,
                       "has no values in the grid; give some, or remove the key");
    return check_values(r, axis, key);
}

static tren_status read_grid(reader *r, const yaml_node_t *map, const char *section) {
    const yaml_node_pair_t *end = map->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < end; pair++) {
        const yaml_node_t *key = yaml_document_get_node(r->document, pair->key);
        const yaml_node_t *value = yaml_document_get_node(r->document, pair->value);
        if (key->type != YAML_SCALAR_NODE || key->data.scalar.length >= MAX_KEY / 2)
            return tren_fail(TREN_ERR_USAGE, "%s:%d: a key must be one word, such as batch_size",
                             r->name, line_of(key));
        char full[MAX_KEY];
        snprintf(full, sizeof full, "%s%s%s", section, *section ? "." : "", scalar(key));
        const tren_option *option = tren_option_find(full);
        bool is_map = value->type == YAML_MAPPING_NODE;
        if (option)
            TREN_TRY(add_axis(r, option, key, value));
        else if (is_map && tren_section_exists(full))
            TREN_TRY(read_grid(r, value, full));
        else
            return fail_unknown(r, key, full, false);
    }
    return TREN_OK;
}

static tren_status start_grid(reader *r, const yaml_node_t *key, const yaml_node_t *value) {
    if (!r->grid) return fail_at(r, key, "grid", "makes this a file for a sweep: use 'tren sweep'");
    if (value->type != YAML_MAPPING_NODE)
        return fail_at(r, key, "grid", "is a section; give keys with lists of values below it");
    return read_grid(r, value, "");
}

static tren_status read_map(reader *r, const yaml_node_t *map, const char *section);

static tren_status read_pair(reader *r, const yaml_node_t *key, yaml_node_t *value,
                             const char *section) {
    if (key->type != YAML_SCALAR_NODE || key->data.scalar.length >= MAX_KEY / 2)
        return tren_fail(TREN_ERR_USAGE, "%s:%d: a key must be one word, such as batch_size",
                         r->name, line_of(key));
    char full[MAX_KEY];
    snprintf(full, sizeof full, "%s%s%s", section, *section ? "." : "", scalar(key));
    if (strcmp(full, "grid") == 0) return start_grid(r, key, value);
    const tren_option *option = tren_option_find(full);
    if (option) return set_option(r, option, key, value);
    bool is_map = value->type == YAML_MAPPING_NODE;
    if (!tren_section_exists(full)) return fail_unknown(r, key, full, is_map && !*section);
    if (is_map) return read_map(r, value, full);
    bool is_empty = value->type == YAML_SCALAR_NODE && is_plain_null(value);
    return is_empty ? TREN_OK
                    : fail_at(r, key, full,
                              "is a section; write its keys on the lines below it, indented");
}

static tren_status read_map(reader *r, const yaml_node_t *map, const char *section) {
    const yaml_node_pair_t *end = map->data.mapping.pairs.top;
    for (const yaml_node_pair_t *pair = map->data.mapping.pairs.start; pair < end; pair++) {
        const yaml_node_t *key = yaml_document_get_node(r->document, pair->key);
        yaml_node_t *value = yaml_document_get_node(r->document, pair->value);
        TREN_TRY(read_pair(r, key, value, section));
    }
    return TREN_OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

static tren_status read_root(reader *r) {
    yaml_node_t *root = yaml_document_get_root_node(r->document);
    if (!root || (root->type == YAML_SCALAR_NODE && is_plain_null(root)))
        return tren_fail(TREN_ERR_USAGE, "%s: the config is empty; give at least 'data: FILE.h5'",
                         r->name);
    if (root->type != YAML_MAPPING_NODE)
        return tren_fail(TREN_ERR_USAGE,
                         "%s:%d: a config is a map of keys and values, such as 'batch_size: 256'",
                         r->name, line_of(root));
    return read_map(r, root, "");
}

/* One more document after the first is a mistake, not a second config. */
static tren_status read_end(const reader *r, yaml_parser_t *parser) {
    yaml_document_t next;
    if (!yaml_parser_load(parser, &next)) return tren_yaml_fail(parser, r->text, r->n, r->name);
    const yaml_node_t *root = yaml_document_get_root_node(&next);
    int line = root ? line_of(root) : 0;
    yaml_document_delete(&next);
    if (!root) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "%s:%d: a second document begins here, but a config is one document", r->name,
                     line);
}

static tren_status load_text(tren_config *config, tren_grid *grid, const char *text, size_t n,
                             const char *name) {
    TREN_TRY(tren_config_check_text(text, n, name));
    yaml_parser_t parser;
    yaml_document_t document;
    if (!yaml_parser_initialize(&parser)) return tren_fail_memory(0, name);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    reader r = {
        .config = config, .name = name, .text = text, .n = n, .document = &document, .grid = grid};
    tren_status st = TREN_OK;
    if (yaml_parser_load(&parser, &document)) {
        st = read_root(&r);
        if (st == TREN_OK) st = read_end(&r, &parser);
        yaml_document_delete(&document);
    } else {
        st = tren_yaml_fail(&parser, text, n, name);
    }
    yaml_parser_delete(&parser);
    return st;
}

tren_status tren_config_load_text(tren_config *config, const char *text, size_t n,
                                  const char *name) {
    return load_text(config, NULL, text, n, name);
}

static tren_status fail_file(const char *path, const char *problem) {
    return tren_fail(TREN_ERR_USAGE, "config file '%s': %s", path, problem);
}

static tren_status read_file(FILE *file, const char *path, char **text, size_t *n) {
    TREN_TRY(tren_alloc(text, MAX_BYTES + 1, 1, "the config file"));
    *n = fread(*text, 1, MAX_BYTES + 1, file);
    if (ferror(file)) return fail_file(path, strerror(errno));
    if (*n > 4 && memcmp(*text, "\x89HDF", 4) == 0)
        return fail_file(
            path, "is an HDF5 file; give a YAML config first, and a dataset with --data FILE.h5");
    return TREN_OK;
}

tren_status tren_config_load_grid(tren_config *config, tren_grid *grid, const char *path) {
    FILE *file;
    if (tren_input_fopen(&file, path, TREN_ERR_USAGE, "a YAML file") != TREN_OK)
        return tren_fail_in(TREN_ERR_USAGE, "config file");
    char *text = NULL;
    size_t n = 0;
    tren_status st = read_file(file, path, &text, &n);
    if (st == TREN_OK) st = load_text(config, grid, text, n, path);
    free(text);
    fclose(file);
    return st;
}

tren_status tren_config_load(tren_config *config, const char *path) {
    return tren_config_load_grid(config, NULL, path);
}
