/* JSON is YAML whose lists and maps are in brackets and whose texts are in quotes, so libyaml reads
 * it. Its events are taken one by one against the one form that a header has: nothing is kept of
 * what is nested deeper, and anchors and tags are refused. */
#include "export/safetensors_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { MOST_TENSORS = 1 << 16, LONGEST_NUMBER = 16 };

typedef struct parser {
    safetensors *s;
    yaml_parser_t yaml;
    yaml_event_t event; /* the last one */
    bool has_event;
} parser;

static tren_status next(parser *p) {
    if (p->has_event) yaml_event_delete(&p->event);
    p->has_event = yaml_parser_parse(&p->yaml, &p->event) != 0;
    if (p->has_event) return TREN_OK;
    if (p->yaml.error == YAML_MEMORY_ERROR) return tren_fail_memory(0, "the header of a file");
    return safetensors_bad(p->s, "its header is not JSON (%s)",
                           p->yaml.problem ? p->yaml.problem : "it cannot be read");
}

static const char *text_of(const parser *p) {
    return (const char *)p->event.data.scalar.value;
}

/* A text in quotes, or, with `number`, one without. */
static bool is_scalar(const parser *p, bool number) {
    const yaml_event_t *e = &p->event;
    return e->type == YAML_SCALAR_EVENT && !e->data.scalar.anchor && !e->data.scalar.tag &&
           strlen(text_of(p)) == e->data.scalar.length &&
           (e->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE) == !number;
}

static bool begins_map(const parser *p) {
    const yaml_event_t *e = &p->event;
    return e->type == YAML_MAPPING_START_EVENT && !e->data.mapping_start.anchor &&
           !e->data.mapping_start.tag && e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
}

static tren_status other_form(const parser *p, const char *where) {
    return safetensors_bad(p->s, "its header has another form at line %zu, column %zu: %s",
                           p->event.start_mark.line + 1, p->event.start_mark.column + 1, where);
}

static tren_status next_map(parser *p, const char *where) {
    TREN_TRY(next(p));
    return begins_map(p) ? TREN_OK : other_form(p, where);
}

/* The next key of a map; *ended: there is none. */
static tren_status next_key(parser *p, bool *ended, const char *where) {
    TREN_TRY(next(p));
    *ended = p->event.type == YAML_MAPPING_END_EVENT;
    return *ended || is_scalar(p, false) ? TREN_OK : other_form(p, where);
}

/* ---- a tensor ---------------------------------------------------------------------------------
 */

static tren_status get_number(const parser *p, size_t *value) {
    const char *text = is_scalar(p, true) ? text_of(p) : "-";
    size_t n = strlen(text);
    if (n == 0 || n > LONGEST_NUMBER || strspn(text, "0123456789") != n)
        return other_form(p, "a whole number of at most 16 digits is expected");
    *value = strtoull(text, NULL, 10);
    return TREN_OK;
}

/* A list of numbers, `most` at most. */
static tren_status get_numbers(parser *p, size_t *value, int most, int *n) {
    TREN_TRY(next(p));
    if (p->event.type != YAML_SEQUENCE_START_EVENT || p->event.data.sequence_start.anchor)
        return other_form(p, "a list of numbers is expected");
    for (*n = 0;; ++*n) {
        TREN_TRY(next(p));
        if (p->event.type == YAML_SEQUENCE_END_EVENT) return TREN_OK;
        if (*n == most) return other_form(p, "the list is too long");
        TREN_TRY(get_number(p, &value[*n]));
    }
}

static tren_status get_dtype(parser *p, safetensor *t) {
    TREN_TRY(next(p));
    if (!is_scalar(p, false) || strlen(text_of(p)) >= sizeof t->dtype)
        return other_form(p, "dtype is a short text, such as \"F32\"");
    strcpy(t->dtype, text_of(p));
    return TREN_OK;
}

static tren_status get_offsets(parser *p, safetensor *t) {
    size_t offset[2];
    int n;
    TREN_TRY(get_numbers(p, offset, 2, &n));
    if (n != 2) return other_form(p, "data_offsets are two numbers");
    t->begin = offset[0];
    t->end = offset[1];
    return TREN_OK;
}

enum { DTYPE = 1, SHAPE = 2, OFFSETS = 4, ALL = 7 };

static tren_status get_field(parser *p, safetensor *t, unsigned *had) {
    static const char *const name[] = {"dtype", "shape", "data_offsets"};
    unsigned which = 0;
    for (unsigned i = 0; i < 3; i++)
        if (strcmp(text_of(p), name[i]) == 0) which = 1U << i;
    if (which == 0 || *had & which)
        return other_form(p, "a tensor has dtype, shape and data_offsets, each once");
    *had |= which;
    if (which == DTYPE) return get_dtype(p, t);
    return which == SHAPE ? get_numbers(p, t->dim, SAFETENSORS_RANK, &t->rank) : get_offsets(p, t);
}

/* Its name was read. */
static tren_status get_tensor(parser *p, safetensor *t) {
    unsigned had = 0;
    bool ended;
    TREN_TRY(next_map(p, "a tensor is a map"));
    for (;;) {
        TREN_TRY(next_key(p, &ended, "a tensor has dtype, shape and data_offsets"));
        if (ended) break;
        TREN_TRY(get_field(p, t, &had));
    }
    return had == ALL ? TREN_OK : other_form(p, "a tensor lacks dtype, shape or data_offsets");
}

/* ---- all of it --------------------------------------------------------------------------------
 */

static tren_status add_tensor(parser *p) {
    safetensors *s = p->s;
    if (s->n == MOST_TENSORS)
        return safetensors_bad(s, "it has more than %d tensors", MOST_TENSORS);
    TREN_TRY(tren_grow(&s->tensor, s->n, &s->room, sizeof *s->tensor, "the header of a file"));
    safetensor *t = &s->tensor[s->n];
    *t = (safetensor){.name = strdup(text_of(p))};
    if (!t->name) return tren_fail_memory(0, "the header of a file");
    s->n++;
    return get_tensor(p, t);
}

/* Texts by name, which are of no interest. */
static tren_status skip_metadata(parser *p) {
    bool ended;
    TREN_TRY(next_map(p, "__metadata__ is a map of texts"));
    for (;;) {
        TREN_TRY(next_key(p, &ended, "__metadata__ is a map of texts"));
        if (ended) return TREN_OK;
        TREN_TRY(next(p));
        if (!is_scalar(p, false)) return other_form(p, "__metadata__ is a map of texts");
    }
}

static tren_status parse(parser *p) {
    bool ended;
    TREN_TRY(next(p)); /* the stream */
    TREN_TRY(next(p)); /* the document */
    TREN_TRY(next_map(p, "a map of tensors is expected"));
    for (;;) {
        TREN_TRY(next_key(p, &ended, "a tensor has a name in quotes"));
        if (ended) break;
        TREN_TRY(strcmp(text_of(p), "__metadata__") == 0 ? skip_metadata(p) : add_tensor(p));
    }
    TREN_TRY(next(p)); /* the document's end */
    TREN_TRY(next(p));
    return p->event.type == YAML_STREAM_END_EVENT ? TREN_OK
                                                  : other_form(p, "something follows the map");
}

tren_status safetensors_parse(safetensors *s) {
    parser p = {.s = s};
    if (!yaml_parser_initialize(&p.yaml)) return tren_fail_memory(0, "the header of a file");
    yaml_parser_set_encoding(&p.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p.yaml, (const unsigned char *)s->header, s->n_header);
    tren_status st = parse(&p);
    if (p.has_event) yaml_event_delete(&p.event);
    yaml_parser_delete(&p.yaml);
    return st;
}
