/* How a dataset came to be, as far as its file says. */
#include "data/schema.h"

/* The first thing that is wrong is kept; the rest is read all the same. */
typedef struct reader {
    const tren_dataset *dataset;
    tren_status st;
    char problem[512];
} reader;

static void keep(reader *r, tren_status st) {
    if (st == TREN_OK || r->st != TREN_OK) return;
    r->st = st;
    snprintf(r->problem, sizeof r->problem, "%s", tren_error_text());
}

static bool has(const reader *r, const char *name) {
    return tren_h5_has_attr(r->dataset->file, "/", name);
}

static void get_text(reader *r, const char *name, char *text, size_t n) {
    text[0] = '\0';
    if (has(r, name)) keep(r, tren_h5_get_text(r->dataset->file, "/", name, text, n));
}

/* From 0 to most. */
static int64_t get_integer(reader *r, const char *name, int64_t most) {
    int64_t value = 0;
    if (!has(r, name)) return 0;
    keep(r, tren_h5_get_i64(r->dataset->file, "/", name, &value));
    if (value < 0 || value > most)
        keep(r, tren_fail(TREN_ERR_DATA, "the attribute %s is %lld, expected 0 to %lld", name,
                          (long long)value, (long long)most));
    return value;
}

static double get_probability(reader *r, const char *name) {
    double value = 0;
    size_t one = 1;
    if (!has(r, name)) return 0;
    keep(r, tren_h5_get_f64s(r->dataset->file, "/", name, &value, &one));
    if (!(value >= 0 && value <= 1))
        keep(r, tren_fail(TREN_ERR_DATA, "the attribute %s is %g, expected 0 to 1", name, value));
    return value;
}

static void get_noise(tren_provenance *from, reader *r) {
    tren_noise_kind ignored;
    int64_t rows = (int64_t)r->dataset->info.rows[TREN_TRAIN];
    from->label_noise = get_probability(r, "label_noise");
    get_text(r, "label_noise_kind", from->noise_kind, sizeof from->noise_kind);
    from->n_changed = get_integer(r, "label_noise_changed", rows);
    if (from->noise_kind[0] && tren_noise_kind_parse(&ignored, from->noise_kind) != TREN_OK)
        keep(r, tren_fail(TREN_ERR_DATA,
                          "the attribute label_noise_kind is '%s', expected incorrect or any",
                          from->noise_kind));
}

tren_status tren_dataset_provenance(tren_provenance *provenance, const tren_dataset *dataset) {
    reader r = {.dataset = dataset};
    *provenance = (tren_provenance){0};
    get_text(&r, "origin", provenance->origin, sizeof provenance->origin);
    get_text(&r, "split", provenance->split, sizeof provenance->split);
    if (has(&r, "seed")) keep(&r, tren_h5_get_u64(dataset->file, "/", "seed", &provenance->seed));
    provenance->shuffle = get_integer(&r, "shuffle", 1) != 0;
    provenance->stratify = get_integer(&r, "stratify", 1) != 0;
    provenance->keep_test = get_integer(&r, "keep_test", 1) != 0;
    provenance->take = get_integer(&r, "take", TREN_MAX_ROWS);
    provenance->skipped = get_integer(&r, "skipped", TREN_MAX_ROWS);
    get_noise(provenance, &r);
    return r.st == TREN_OK ? TREN_OK : tren_fail(r.st, "%s", r.problem);
}
