/* Which OpenBLAS core types and versions have computed a run: each may give other bits, so a run
 * that has more than one is mixed. With gemm: portable OpenBLAS does not matter. */
#include "train/checkpoint.h"
#include "train/trainer.h"

#include <stdlib.h>
#include <string.h>

#define ATTRIBUTE "computed_with"

static void add(tren_checkpoint *c, const char *text) {
    for (int i = 0; i < c->n_computed_with; i++)
        if (strcmp(c->computed_with[i], text) == 0) return;
    if (c->n_computed_with < TREN_MAX_COMPUTED)
        snprintf(c->computed_with[c->n_computed_with++], TREN_COMPUTED, "%s", text);
    else
        strcpy(c->computed_with[TREN_MAX_COMPUTED - 1], "others");
}

void tren_checkpoint_add_arithmetic(tren_checkpoint *c, const tren_checkpoint *launch) {
    char text[TREN_COMPUTED];
    if (!launch->blas_core[0]) return;
    snprintf(text, sizeof text, "core %s, %s", launch->blas_core, launch->blas_version);
    add(c, text);
}

/* ---- the file ----------------------------------------------------------------------------------
 */

tren_status tren_checkpoint_put_arithmetic(tren_h5 *file, const tren_checkpoint *c) {
    const char *text[TREN_MAX_COMPUTED];
    int n = c->n_computed_with;
    for (int i = 0; i < n; i++) text[i] = c->computed_with[i];
    return n > 0 ? tren_h5_put_texts(file, "/", ATTRIBUTE, text, (size_t)n) : TREN_OK;
}

/* result.json repeats these texts. */
static bool is_plain(const char *text) {
    for (; *text; text++)
        if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\') return false;
    return true;
}

tren_status tren_checkpoint_get_arithmetic(tren_h5 *file, const char *path, tren_checkpoint *c) {
    char **text;
    size_t n;
    if (!tren_h5_has_attr(file, "/", ATTRIBUTE)) return TREN_OK;
    TREN_TRY(tren_h5_get_texts(file, "/", ATTRIBUTE, &text, &n));
    bool good = n <= TREN_MAX_COMPUTED;
    for (size_t i = 0; i < n; i++) {
        good = good && strlen(text[i]) < TREN_COMPUTED && is_plain(text[i]);
        if (good) add(c, text[i]);
        free(text[i]);
    }
    free(text);
    if (good) return TREN_OK;
    return tren_checkpoint_damaged(path, "the attribute " ATTRIBUTE
                                         " does not hold core types and versions of OpenBLAS");
}

/* ---- a run that goes on -----------------------------------------------------------------------
 */

/* Whether both are known, and differ. */
static bool changed(const char *before, const char *now) {
    return before[0] && strcmp(before, now) != 0;
}

static void say_mixed(const tren_trainer *t) {
    const tren_checkpoint *now = &t->stands;
    char all[TREN_MAX_COMPUTED * (TREN_COMPUTED + 2)] = "";
    for (int i = 0; i < now->n_computed_with; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? "; " : "",
                 now->computed_with[i]);
    trainer_say(t,
                "warning: this run is mixed, computed with %s: its bits differ from those of an "
                "uninterrupted run; for reproducible bits train again from the start, on one core "
                "type or with gemm: portable",
                all);
}

static void say_change(const tren_trainer *t, const tren_checkpoint *before) {
    const tren_checkpoint *now = &t->stands;
    if (changed(before->blas_core, now->blas_core))
        trainer_say(t,
                    "warning: this run was trained with OpenBLAS core type %s and continues with "
                    "%s: its bits will differ from those of an uninterrupted run; "
                    "OPENBLAS_CORETYPE=%s keeps them, on a CPU that supports it; with gemm: "
                    "portable from the start they do not depend on it",
                    before->blas_core, now->blas_core, before->blas_core);
    if (changed(before->blas_version, now->blas_version))
        trainer_say(t,
                    "warning: this run was trained with '%s' and continues with '%s': its bits may "
                    "differ from those of an uninterrupted run",
                    before->blas_version, now->blas_version);
}

void trainer_go_on_with(tren_trainer *t, const tren_checkpoint *before) {
    tren_checkpoint *now = &t->stands;
    if (changed(before->cpu_level, now->cpu_level))
        trainer_say(t,
                    "note: this run was trained at CPU level %s and continues at %s, which does "
                    "not change its bits",
                    before->cpu_level, now->cpu_level);
    if (t->run.config->gemm == TREN_GEMM_PORTABLE) return;
    memcpy(now->computed_with, before->computed_with, sizeof now->computed_with);
    now->n_computed_with = before->n_computed_with;
    tren_checkpoint_add_arithmetic(now, before); /* older files have no list */
    tren_checkpoint_add_arithmetic(now, now);
    if (before->n_computed_with > 1)
        say_mixed(t);
    else
        say_change(t, before);
}
