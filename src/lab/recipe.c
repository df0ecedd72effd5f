#include "lab/recipe.h"
#include "base/text.h"
#include "base/whole.h"
#include "lab/folder.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const form_name[] = {"full", "quick", "own"};

static tren_status digest_data(uint64_t *digest, const tren_lab *lab) {
    const char *name = lab->experiment->name, *data = lab->options->data;
    tren_dataset *dataset;
    if (access(data, F_OK) != 0)
        return tren_fail(
            TREN_ERR_DATA,
            lab->experiment->wants_pairs
                ? "%s needs pairs of sentences, and %s does not exist: make it with "
                  "datasets/german-english.sh (in an installation, share/tren/datasets has it), or "
                  "give another dataset with --data"
                : "%s needs images, and %s does not exist: make it with datasets/fashion-mnist.sh "
                  "(in an installation, share/tren/datasets has it), or give another dataset with "
                  "--data",
            name, data);
    tren_status st = tren_dataset_open(&dataset, data);
    if (st != TREN_OK) return tren_fail_in(st, "%s", name);
    st = tren_dataset_content(digest, dataset);
    tren_dataset_close(dataset);
    return st;
}

static void put_values(FILE *out, const tren_lab_values *v) {
    for (int i = 0; i < v->n; i++) {
        char number[40];
        tren_text_from_real(number, sizeof number, v->at[i]);
        fprintf(out, "%s%s", i ? "," : " ", number);
    }
    fputc('\n', out);
}

static void put_recipe(FILE *out, const tren_lab *lab, uint64_t digest) {
    const tren_experiment *e = lab->experiment;
    fprintf(out, "experiment: %s\n", e->name);
    if (e->revision > 0) fprintf(out, "revision: %d\n", e->revision);
    fprintf(out, "form: %s\nprecision: %s\ndata: %016llx\n", form_name[lab->setting.form],
            TREN_REAL_NAME, (unsigned long long)digest);
    for (int i = 0; i < TREN_LAB_PARAMS && e->param[i].name; i++) {
        fprintf(out, "set %s:", e->param[i].name);
        put_values(out, &lab->setting.value[i]);
    }
}

static tren_status describe(char **text, const tren_lab *lab) {
    size_t n;
    uint64_t digest = 0;
    if (lab->experiment->wants_data) TREN_TRY(digest_data(&digest, lab));
    FILE *out = open_memstream(text, &n);
    if (!out) return tren_fail_memory(0, "a recipe");
    put_recipe(out, lab, digest);
    fclose(out);
    return TREN_OK;
}

/* Older recipes have a digest of the wording, "setting: ...", which changed with every edit of it.
 */
static void drop_wording(char *recipe) {
    char *line = strstr(recipe, "\nsetting: "), *end = line ? strchr(line + 1, '\n') : NULL;
    if (end) memmove(line, end, strlen(end) + 1);
}

static tren_status compare(const tren_lab *lab, const char *path, const char *now) {
    char *before;
    TREN_TRY(tren_whole_read(&before, path, TREN_ERR_DATA));
    drop_wording(before);
    bool same = strcmp(before, now) == 0;
    free(before);
    if (same) return TREN_OK;
    return tren_fail(TREN_ERR_USAGE,
                     "%s holds points of another setting (%s: quick or full form, --set, "
                     "precision, data); give another --out, or remove the folder",
                     lab->dir, path);
}

tren_status lab_recipe_check(const tren_lab *lab) {
    char path[TREN_MAX_PATH], *now = NULL;
    struct stat info;
    TREN_TRY(lab_path(path, lab->dir, "recipe.txt"));
    TREN_TRY(describe(&now, lab));
    tren_status st = stat(path, &info) != 0 ? tren_whole_write_text(path, TREN_ERR_ENV, now)
                                            : compare(lab, path, now);
    free(now);
    return st;
}

static void read_values(tren_lab_values *v, const char *text) {
    char *end;
    for (*v = (tren_lab_values){0}; v->n < TREN_LAB_VALUES; text = end + 1) {
        double x = strtod(text, &end);
        if (end == text) return;
        v->at[v->n++] = x;
        if (*end != ',') return;
    }
}

/* What a text says behind the beginning of a line, or "". */
static const char *after(const char *text, const char *begins) {
    const char *at = strstr(text, begins);
    return at ? at + strlen(begins) : "";
}

tren_status lab_recipe_read(tren_lab_setting *s, const tren_experiment *e, const char *dir) {
    char path[TREN_MAX_PATH], key[64], *text;
    TREN_TRY(lab_path(path, dir, "recipe.txt"));
    TREN_TRY(tren_whole_read(&text, path, TREN_ERR_DATA));
    const char *form = after(text, "\nform: ");
    for (int i = 0; i < 3; i++)
        if (strncmp(form, form_name[i], strlen(form_name[i])) == 0) s->form = (tren_lab_form)i;
    for (int i = 0; i < TREN_LAB_PARAMS && e->param[i].name; i++) {
        snprintf(key, sizeof key, "\nset %s:", e->param[i].name);
        read_values(&s->value[i], after(text, key));
    }
    free(text);
    return TREN_OK;
}
