/* Virtual datasets: regions of them lie in datasets of other files. HDF5 reads a region as zeros
 * where its source is missing or too small, and where there is no source at all. */
#include "io/h5_internal.h"
#include <string.h>
#include <unistd.h>

enum { MAX_DEPTH = 8, MAX_NAME = 1024 };

/* A regular selection; in at most one dimension it has no end. */
typedef struct slab {
    hsize_t start[H5S_MAX_RANK], stride[H5S_MAX_RANK], count[H5S_MAX_RANK], block[H5S_MAX_RANK];
} slab;

/* One region and its source, as the file says. */
typedef struct mapping {
    char file[MAX_NAME], set[MAX_NAME]; /* the file "." is the same file */
    hid_t region, source;               /* selections, owned */
    slab at;                            /* of the region, where endless >= 0 */
    int endless;                        /* the dimension in which the region has no end, or -1 */
    bool is_series;                     /* each block of the region has a source of its own */
} mapping;

/* What the check of one virtual dataset shares. */
typedef struct check {
    tren_h5 *file;
    const char *name;
    char holder[PATH_MAX];
    const tren_h5_set *set;
    hid_t left;      /* the elements that no source was found for */
    tren_h5 *source; /* the source that was opened last, or NULL */
} check;

/* ---- what the file says ---------------------------------------------------------------------- */

static int endless_dimension(hid_t space, slab *s) {
    if (H5Sget_select_type(space) != H5S_SEL_HYPERSLABS || H5Sis_regular_hyperslab(space) <= 0)
        return -1;
    if (H5Sget_regular_hyperslab(space, s->start, s->stride, s->count, s->block) < 0) return -1;
    for (int i = H5Sget_simple_extent_ndims(space) - 1; i >= 0; i--)
        if (s->count[i] == H5S_UNLIMITED || s->block[i] == H5S_UNLIMITED) return i;
    return -1;
}

static void mapping_close(mapping *m) {
    if (m->region >= 0) H5Sclose(m->region);
    if (m->source >= 0) H5Sclose(m->source);
}

static tren_status mapping_read(mapping *m, tren_h5 *file, const char *name, hid_t list, size_t i) {
    slab unused;
    m->region = H5Pget_virtual_vspace(list, i);
    m->source = H5Pget_virtual_srcspace(list, i);
    ssize_t path = H5Pget_virtual_filename(list, i, m->file, sizeof m->file);
    ssize_t set = H5Pget_virtual_dsetname(list, i, m->set, sizeof m->set);
    if (m->region < 0 || m->source < 0 || path < 0 || set < 0)
        return tren_h5_error(file, name, "cannot read where its values lie");
    if (path >= MAX_NAME || set >= MAX_NAME)
        return tren_h5_refuse(
            file, name, "has a source whose name is longer than %d bytes; rename it", MAX_NAME - 1);
    m->endless = endless_dimension(m->region, &m->at);
    m->is_series = m->endless >= 0 && endless_dimension(m->source, &unused) < 0;
    return TREN_OK;
}

/* Names of a series hold %b, the number of the block; %% is a percent sign. */
static void expand(char out[MAX_NAME + 32], const char *name, size_t block) {
    size_t n = 0;
    for (const char *c = name; *c && n < MAX_NAME; c++) {
        if (c[0] == '%' && c[1] == 'b') {
            n += (size_t)snprintf(out + n, 24, "%zu", block);
            c++;
        } else {
            c += c[0] == '%' && c[1] == '%';
            out[n++] = *c;
        }
    }
    out[n] = '\0';
}

/* The first row of a selection, and the first after it, of at most `rows`. */
static void rows_of(size_t *first, size_t *end, hid_t space, size_t rows) {
    hsize_t lo[H5S_MAX_RANK] = {0}, hi[H5S_MAX_RANK] = {0};
    *first = 0, *end = rows;
    if (H5Sget_select_bounds(space, lo, hi) < 0) return;
    *first = (size_t)lo[0];
    if (hi[0] < rows) *end = (size_t)hi[0] + 1;
}

/* ---- where the sources lie ------------------------------------------------------------------- */

/* HDF5 takes the blocks of a series up to the first whose file is missing: that is no error, but
 * every file that it will open must be one that may be read. */
static tren_status check_place(tren_h5 *file, const char *name, const mapping *m,
                               const char *holder) {
    char source[MAX_NAME + 32], path[PATH_MAX], why[TREN_H5_TEXT];
    bool many = m->is_series && strstr(m->file, "%b");
    size_t block = 0, first, end;
    if (!strcmp(m->file, ".")) return TREN_OK;
    do {
        expand(source, m->file, block);
        if (tren_h5_may_read(file, holder, source, path, why)) continue;
        if (block > 0 && access(path, F_OK) != 0) return TREN_OK;
        rows_of(&first, &end, m->region, SIZE_MAX);
        if (end == SIZE_MAX) return tren_h5_refuse(file, name, "rows lie in another file: %s", why);
        return tren_h5_refuse(file, name, "rows %zu to %zu lie in another file: %s", first, end - 1,
                              why);
    } while (many && ++block < UINT32_MAX);
    return TREN_OK;
}

tren_status tren_h5_check_sources(tren_h5 *file, const char *name, hid_t list, const char *holder) {
    size_t n = 0;
    tren_status st = TREN_OK;
    if (H5Pget_virtual_count(list, &n) < 0)
        return tren_h5_error(file, name, "cannot read where its values lie");
    for (size_t i = 0; i < n && st == TREN_OK; i++) {
        mapping m;
        st = mapping_read(&m, file, name, list, i);
        if (st == TREN_OK) st = check_place(file, name, &m, holder);
        mapping_close(&m);
    }
    return st;
}

/* ---- whether the sources have the rows ------------------------------------------------------- */

static bool take_slab(hid_t left, const slab *s) {
    return H5Sselect_hyperslab(left, H5S_SELECT_NOTB, s->start, s->stride, s->count, s->block) >= 0;
}

/* A selection that is no slab, block by block: lowest and highest corner. */
static bool take_blocks(hid_t left, hid_t region) {
    int rank = H5Sget_simple_extent_ndims(region);
    hssize_t n = H5Sget_select_hyper_nblocks(region);
    for (hssize_t k = 0; k < n; k++) {
        hsize_t corner[2 * H5S_MAX_RANK];
        slab s;
        if (H5Sget_select_hyper_blocklist(region, (hsize_t)k, 1, corner) < 0) return false;
        for (int i = 0; i < rank; i++) {
            s.start[i] = corner[i];
            s.stride[i] = s.block[i] = corner[rank + i] - corner[i] + 1;
            s.count[i] = 1;
        }
        if (!take_slab(left, &s)) return false;
    }
    return n >= 0;
}

/* Takes a region out of `left`. */
static bool take(hid_t left, hid_t region) {
    slab s;
    if (H5Sget_select_npoints(left) == 0) return true;
    if (H5Sget_select_type(region) == H5S_SEL_ALL) return H5Sselect_none(left) >= 0;
    if (H5Sget_select_type(region) == H5S_SEL_NONE) return true;
    if (H5Sis_regular_hyperslab(region) <= 0) return take_blocks(left, region);
    return H5Sget_regular_hyperslab(region, s.start, s.stride, s.count, s.block) >= 0 &&
           take_slab(left, &s);
}

/* Opens the source of a block, unless it is the one that is open. */
static tren_status open_source(check *c, const mapping *m, size_t block) {
    char source[MAX_NAME + 32], path[PATH_MAX], why[TREN_H5_TEXT];
    expand(source, m->file, block);
    bool same = !strcmp(m->file, ".");
    if (same)
        snprintf(path, sizeof path, "%s", c->holder);
    else if (!tren_h5_may_read(c->file, c->holder, source, path, why))
        return tren_fail(c->file->code, "%s", why);
    if (c->source && !strcmp(c->source->path, path)) return TREN_OK;
    tren_h5_close(c->source);
    c->source = NULL;
    if (c->file->depth == MAX_DEPTH)
        return tren_fail(c->file->code,
                         "%s: is made of virtual datasets in more than %d levels, or of itself in "
                         "a circle: make it again from datasets that hold values",
                         path, MAX_DEPTH);
    return tren_h5_open_source(&c->source, c->file, path);
}

/* Where a slab that may have no end does; 0 in the dimension without end. */
static bool ends_of(hsize_t *end, hid_t space) {
    slab s;
    hsize_t lo[H5S_MAX_RANK];
    int rank = H5Sget_simple_extent_ndims(space), endless = endless_dimension(space, &s);
    if (endless < 0) {
        if (H5Sget_select_bounds(space, lo, end) < 0) return false;
        for (int i = 0; i < rank; i++) end[i]++;
    }
    for (int i = 0; endless >= 0 && i < rank; i++)
        end[i] = i == endless ? 0 : s.start[i] + (s.count[i] - 1) * s.stride[i] + s.block[i];
    return true;
}

/* Whether a source has all that is selected of it. Of a whole one the file does not keep the shape:
 * as many elements as the region then. */
static bool is_large_enough(const tren_h5_shape *shape, hid_t selected, hid_t region) {
    hsize_t end[H5S_MAX_RANK];
    if (H5Sget_select_type(selected) == H5S_SEL_ALL)
        return (hssize_t)tren_h5_count(shape, 0) >= H5Sget_select_npoints(region);
    if (H5Sget_simple_extent_ndims(selected) != shape->rank || !ends_of(end, selected))
        return false;
    for (int i = 0; i < shape->rank; i++)
        if (end[i] > shape->dim[i]) return false;
    return true;
}

/* The source is there, all its values too, and it is as large as what is taken from it. */
static tren_status check_source(check *c, const mapping *m, hid_t region, size_t block) {
    char name[MAX_NAME + 32];
    tren_h5_set set;
    TREN_TRY(open_source(c, m, block));
    expand(name, m->set, block);
    TREN_TRY(tren_h5_set_open(c->source, name, &set));
    tren_status st = TREN_OK;
    if (!is_large_enough(&set.shape, m->source, region))
        st = tren_h5_refuse(c->source, name,
                            "is smaller than the rows that are taken from it: it "
                            "has %zu rows; copy or make it again",
                            set.shape.rank ? set.shape.dim[0] : 1);
    tren_h5_set_close(&set);
    return st;
}

/* Checks the source of a region without end or gaps in it, and takes the region out of what is
 * left. */
static tren_status check_region(check *c, const mapping *m, hid_t region, size_t block) {
    size_t first, end;
    tren_status st = check_source(c, m, region, block);
    if (st != TREN_OK && c->file->depth > 0) return st; /* the outermost names its rows */
    if (st != TREN_OK) {
        rows_of(&first, &end, region, c->set->shape.dim[0]);
        return tren_h5_refuse(c->file, c->name, "rows %zu to %zu lie in another file: %s", first,
                              end - 1, tren_error_text());
    }
    return take(c->left, region) ? TREN_OK
                                 : tren_h5_error(c->file, c->name, "cannot select its regions");
}

/* Block `block` of a series, or all blocks, as far as the dataset goes. False after the last. */
static bool cut_region(hid_t region, const check *c, const mapping *m, size_t block) {
    slab s = m->at;
    int d = m->endless;
    hsize_t dim = c->set->shape.dim[d], skip;
    if (__builtin_mul_overflow(s.stride[d], (hsize_t)block, &skip)) return false;
    if (__builtin_add_overflow(s.start[d], skip, &s.start[d]) || s.start[d] >= dim) return false;
    if (s.block[d] == H5S_UNLIMITED) s.block[d] = s.stride[d] = dim - s.start[d];
    s.count[d] = m->is_series ? 1 : (dim - s.start[d] - 1) / s.stride[d] + 1;
    return H5Sselect_hyperslab(region, H5S_SELECT_SET, s.start, s.stride, s.count, s.block) >= 0;
}

static tren_status check_endless(check *c, const mapping *m) {
    hid_t region = H5Scopy(c->set->space);
    tren_status st = TREN_OK;
    for (size_t block = 0; st == TREN_OK && cut_region(region, c, m, block); block++) {
        st = check_region(c, m, region, block);
        if (!m->is_series) break;
    }
    H5Sclose(region);
    return st;
}

static tren_status check_mappings(check *c, hid_t list) {
    size_t n = 0, first, end;
    tren_status st = TREN_OK;
    H5Pget_virtual_count(list, &n);
    for (size_t i = 0; i < n && st == TREN_OK; i++) {
        mapping m;
        st = mapping_read(&m, c->file, c->name, list, i);
        if (st == TREN_OK)
            st = m.endless < 0 ? check_region(c, &m, m.region, 0) : check_endless(c, &m);
        mapping_close(&m);
    }
    if (st != TREN_OK || H5Sget_select_npoints(c->left) == 0) return st;
    rows_of(&first, &end, c->left, c->set->shape.dim[0]);
    return tren_h5_refuse(c->file, c->name,
                          "values of rows %zu to %zu have no source in this virtual dataset; make "
                          "it again",
                          first, end - 1);
}

tren_status tren_h5_check_virtual(tren_h5 *file, const char *name, hid_t list,
                                  const tren_h5_set *set) {
    check c = {.file = file, .name = name, .set = set, .left = H5Scopy(set->space)};
    hsize_t start[TREN_H5_MAX_RANK] = {0}, count[TREN_H5_MAX_RANK];
    for (int i = 0; i < set->shape.rank; i++) count[i] = set->shape.dim[i];
    tren_h5_holder(c.holder, set->id);
    tren_status st;
    if (H5Sselect_hyperslab(c.left, H5S_SELECT_SET, start, NULL, count, NULL) < 0)
        st = tren_h5_error(file, name, "cannot select its rows");
    else
        st = check_mappings(&c, list);
    tren_h5_close(c.source);
    H5Sclose(c.left);
    return st;
}
