#include "cli/lab_report.h"
#include "base/quote.h"
#include "base/whole.h"
#include "cli/console.h"
#include "cli/lab_page.h"
#include "cli/lab_plot.h"
#include "cli/out_file.h"
#include "cli/run_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct report {
    tren_lab_page page;
    const char *dir;
    int n_figures;
    char begun[512]; /* names of the experiments that are not finished */
} report;

static const char *class_of(const tren_verdict *v) {
    return v->form != TREN_LAB_JUDGED ? "na" : tren_verdict_holds(v) ? "yes" : "no";
}

/* A panel of the figure, drawn anew in the page's language. */
static tren_status put_panel(report *r, const tren_experiment *e, int panel) {
    char path[TREN_MAX_PATH], *svg = NULL;
    FILE *out = r->page.out;
    snprintf(path, sizeof path, "%s/%s/.report-%ld.svg", r->dir, e->name, (long)getpid());
    tren_status st = tren_lab_draw(e, r->dir, path, r->page.language, panel);
    if (st == TREN_OK) st = tren_whole_read(&svg, path, TREN_ERR_ENV);
    unlink(path);
    if (st != TREN_OK) return st;
    fputs("<img alt=\"", out);
    tren_put_html(out, tren_say_in(r->page.language, e->title));
    fputs(": ", out);
    tren_put_html(out, tren_say_in(r->page.language, e->panel[panel].title));
    fputs("\" src=\"data:image/svg+xml;base64,", out);
    tren_put_base64(out, svg, strlen(svg));
    fputs("\">\n", out);
    free(svg);
    return TREN_OK;
}

static tren_status put_figure(report *r, const tren_experiment *e) {
    fputs("<div class=\"figures\">\n", r->page.out);
    for (int i = 0; i < tren_lab_panels(e); i++) TREN_TRY(put_panel(r, e, i));
    fputs("</div>\n", r->page.out);
    return TREN_OK;
}

static void put_claims(const report *r, const tren_verdict *v) {
    static const char *const mark[] = {"no\">✗", "yes\">✓", "na\">·", "na\">–"};
    FILE *out = r->page.out;
    fputs("<ul class=\"claims\">\n", out);
    for (int i = 0; i < v->n; i++) {
        fprintf(out, "<li><span class=\"mark %s</span>", mark[v->at[i].claim]);
        tren_put_html(out, v->at[i].text[r->page.language]);
        fputs("</li>\n", out);
    }
    fputs("</ul>\n", out);
}

/* What differs from the setting that is judged. */
static void put_difference(const report *r, const tren_experiment *e, const tren_lab_setting *s) {
    char text[TREN_LAB_TEXT];
    const tren_lab_page *p = &r->page;
    if (!*tren_lab_difference(text, e, s, p->language)) return;
    fprintf(
        p->out, "<p class=\"note\"><b>%s</b> ",
        s->form == TREN_LAB_QUICK
            ? tren_page_say(p, "Quick form, a preview only; its claims are not judged:",
                            "Forma rápida, solo una vista previa; sus afirmaciones no se juzgan:")
            : tren_page_say(
                  p, "This is not the judged setting:", "No es la configuración que se juzga:"));
    tren_put_html(p->out, text);
    fputs(".</p>\n", p->out);
}

static const char *name_of_look(const tren_lab_page *p, const tren_verdict *v) {
    if (v->form != TREN_LAB_JUDGED)
        return tren_page_say(p, "What to see in the judged setting.",
                             "Qué se ve en la configuración que se juzga.");
    return tren_verdict_holds(v)
               ? tren_page_say(p, "What to see.", "Qué se ve.")
               : tren_page_say(
                     p, "What was expected. Not all claims hold: see above.",
                     "Qué se esperaba. No se cumplen todas las afirmaciones: véalas arriba.");
}

static const char *name_of_answer(const tren_lab_page *p, const tren_verdict *v) {
    if (v->form != TREN_LAB_JUDGED)
        return tren_page_say(p, "Correct in the judged setting:",
                             "Predicción correcta en la configuración que se juzga:");
    return tren_verdict_holds(v)
               ? tren_page_say(p, "The correct prediction:", "La predicción correcta:")
               : tren_page_say(p, "The prediction that was expected to be correct:",
                               "La predicción que se esperaba correcta:");
}

static void put_answer(const report *r, const tren_lesson *lesson, const tren_verdict *v) {
    char text[8];
    if (!lesson) return;
    snprintf(text, sizeof text, "%c).", 'a' + lesson->right);
    tren_page_part(&r->page, name_of_answer(&r->page, v), text);
}

static tren_status put_result(report *r, const tren_experiment *e, const tren_lab_state *s) {
    char words[TREN_VERDICT_WORDS];
    const tren_lab_page *p = &r->page;
    fputs("<div class=\"result\">\n", p->out);
    TREN_TRY(put_figure(r, e));
    fprintf(p->out, "<p><b>%s <span class=\"%s\">%s</span></b></p>\n",
            tren_page_say(p, "Claims:", "Afirmaciones:"), class_of(&s->verdict),
            tren_verdict_words(words, &s->verdict, p->language));
    put_claims(r, &s->verdict);
    fputs("</div>\n", p->out);
    return TREN_OK;
}

static tren_status put_experiment(report *r, const tren_experiment *e, const tren_lab_state *s) {
    const tren_lab_page *p = &r->page;
    const tren_lesson *lesson = tren_lesson_of(e);
    char text[TREN_LAB_TEXT];
    tren_page_heading(p, e, e->title);
    tren_page_question(p, e);
    tren_page_prediction(p, e, &s->setting, false);
    tren_page_part(p, tren_page_say(p, "Setting.", "Configuración."),
                   tren_lab_say(text, e, &s->setting, e->setting, p->language));
    put_difference(r, e, &s->setting);
    TREN_TRY(put_result(r, e, s));
    tren_page_part(p, name_of_look(p, &s->verdict),
                   tren_lab_say(text, e, &s->setting, e->look_for, p->language));
    put_answer(r, lesson, &s->verdict);
    tren_page_changes(p, lesson, true);
    fputs("<p><code>", p->out);
    tren_put_html(p->out, s->command);
    fprintf(p->out, "</code> · %.0f s</p>\n", s->seconds);
    return TREN_OK;
}

static void put_summary_head(const tren_lab_page *p) {
    fputs("<div class=\"scroll\"><table>\n<tr><th></th><th class=\"figure\">", p->out);
    fprintf(p->out, "%s</th><th>%s</th><th>%s</th><th>%s</th></tr>\n",
            tren_page_say(p, "figure", "figura"), tren_page_say(p, "experiment", "experimento"),
            tren_page_say(p, "verdict", "veredicto"), tren_page_say(p, "time", "tiempo"));
}

static void put_summary_row(const report *r, const tren_experiment *e, const tren_lab_state *s) {
    char words[TREN_VERDICT_WORDS];
    const tren_lab_page *p = &r->page;
    fprintf(p->out, "<tr><td><a href=\"#%s\">%s</a></td><td class=\"figure\">", e->name, e->name);
    tren_put_html(p->out, tren_say_in(p->language, e->figure));
    fputs("</td><td>", p->out);
    tren_put_html(p->out, tren_say_in(p->language, e->title));
    fprintf(p->out, "</td><td class=\"%s\">%s</td><td class=\"nowrap\">%.0f s</td></tr>\n",
            class_of(&s->verdict), tren_verdict_words(words, &s->verdict, p->language), s->seconds);
}

/* Experiments without runs of their own are not begun. */
static void add_begun(report *r, const tren_experiment *e) {
    size_t n = strlen(r->begun);
    if (tren_experiment_source(e) != e) return;
    snprintf(r->begun + n, sizeof r->begun - n, "%s%s", n ? ", " : "", e->name);
}

/* A row or a section for each experiment that was judged. */
static tren_status each(report *r, bool summary) {
    for (int i = 0; tren_experiments[i]; i++) {
        tren_lab_state state;
        TREN_TRY(tren_lab_look(&state, tren_experiments[i], r->dir));
        if (!state.judged && state.begun && summary) add_begun(r, tren_experiments[i]);
        if (!state.judged) continue;
        r->n_figures++;
        if (summary)
            put_summary_row(r, tren_experiments[i], &state);
        else
            TREN_TRY(put_experiment(r, tren_experiments[i], &state));
    }
    return TREN_OK;
}

static tren_status put_page(report *r) {
    tren_page_begin(&r->page,
                    tren_page_say(&r->page, "Training and regularization: the experiments",
                                  "Entrenamiento y regularización: los experimentos"));
    put_summary_head(&r->page);
    TREN_TRY(each(r, true));
    fputs("</table></div>\n", r->page.out);
    if (r->n_figures == 0 && r->begun[0])
        return tren_fail(TREN_ERR_USAGE,
                         "%s: no experiment is finished there. Begun: %s; the same 'tren lab run' "
                         "command continues",
                         r->dir, r->begun);
    if (r->n_figures == 0)
        return tren_fail(TREN_ERR_USAGE,
                         "%s: no experiment has been run there; run one with 'tren lab run NAME "
                         "--out %s'",
                         r->dir, r->dir);
    if (r->begun[0])
        fprintf(r->page.out, "<p class=\"note\">%s %s</p>\n",
                tren_page_say(&r->page,
                              "Not finished; the same <code>tren lab run</code> command continues:",
                              "Sin terminar; el mismo comando <code>tren lab run</code> continúa:"),
                r->begun);
    TREN_TRY(each(r, false));
    tren_page_end(&r->page);
    return TREN_OK;
}

/* The folder that `tren lab run` was given. */
static tren_status check_folder(const char *dir) {
    struct stat info;
    char path[TREN_MAX_PATH + 16], name[TREN_MAX_PATH];
    if (stat(dir, &info) != 0)
        return tren_fail(TREN_ERR_USAGE,
                         "%s: no experiment has been run there; run one, for example 'tren lab run "
                         "W1 --quick', or give another folder",
                         dir);
    if (!S_ISDIR(info.st_mode))
        return tren_fail(TREN_ERR_USAGE,
                         "%s is a file; give the folder of 'tren lab run', such as runs/lab", dir);
    snprintf(path, sizeof path, "%s/recipe.txt", dir);
    if (stat(path, &info) != 0) return TREN_OK;
    tren_run_name(name, sizeof name, dir);
    return tren_fail(TREN_ERR_USAGE,
                     "%s is the folder of one experiment, %s; give the folder that it is in", dir,
                     name);
}

tren_status tren_lab_report(const char *dir, const char *path, bool force, tren_language language) {
    char own[TREN_MAX_PATH];
    tren_out_file file;
    report r = {.dir = dir, .page = {.language = language}};
    TREN_TRY(check_folder(dir));
    if (path) TREN_TRY(tren_out_ending(path, ".html"));
    snprintf(own, sizeof own, "%s/report.html", dir);
    TREN_TRY(tren_out_check(&file, path ? path : own, force || !path));
    tren_status st = tren_out_open_text(&file);
    r.page.out = file.text;
    if (st == TREN_OK) st = put_page(&r);
    if (st == TREN_OK) st = tren_out_finish(&file);
    tren_out_close(&file);
    if (st == TREN_OK) printf("%s\n", tren_cli_shown(path ? path : own));
    if (st == TREN_OK && r.begun[0])
        printf(language == TREN_SPANISH
                   ? "sin terminar: %s; el mismo comando 'tren lab run' continúa\n"
                   : "not finished: %s; the same 'tren lab run' command continues\n",
               r.begun);
    return st;
}
