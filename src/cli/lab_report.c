#include "cli/lab_report.h"
#include "base/quote.h"
#include "base/whole.h"
#include "cli/lab_plot.h"
#include "cli/out_file.h"
#include "cli/console.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct page {
    FILE *out;
    const char *dir;
    tren_language language;
    int n_figures;
} page;

static const char *say(const page *p, const char *en, const char *es) {
    return tren_say_in(p->language, (tren_phrase){en, es});
}

static const char head[] =
    "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n"
    "<style>\n"
    "body{font:16px/1.5 system-ui,sans-serif;color:#222;max-width:70rem;margin:2rem auto;"
    "padding:0 1rem}\n"
    "h1{font-size:1.6rem}h2{font-size:1.25rem;margin-top:3rem;border-top:1px solid #ddd;"
    "padding-top:1.5rem}\n"
    "img{width:100%%;height:auto}\n"
    ".question{font-size:1.1rem;font-style:italic}\n"
    "code{background:#f3f3f3;padding:.15rem .35rem;border-radius:3px}\n"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem 0;text-align:left}\n"
    ".yes{color:#1a7f37}.no{color:#b42318}.na{color:#777}\n"
    "ul.claims{list-style:none;padding-left:0}ul.claims li{margin:.2rem 0;padding-left:1.6rem;"
    "text-indent:-1.6rem}\n"
    "</style>\n</head>\n<body>\n";

static const char *class_of(const tren_verdict *v) {
    return v->not_available ? "na" : tren_verdict_holds(v) ? "yes" : "no";
}

/* The figure, drawn anew in the page's language. */
static tren_status put_figure(page *p, const tren_experiment *e) {
    char path[TREN_MAX_PATH], *svg = NULL;
    snprintf(path, sizeof path, "%s/%s/.report-%ld.svg", p->dir, e->name, (long)getpid());
    tren_status st = tren_lab_draw(e, p->dir, path, p->language);
    if (st == TREN_OK) st = tren_whole_read(&svg, path, TREN_ERR_ENV);
    unlink(path);
    if (st != TREN_OK) return st;
    fputs("<img alt=\"", p->out);
    tren_put_html(p->out, tren_say_in(p->language, e->title));
    fputs("\" src=\"data:image/svg+xml;base64,", p->out);
    tren_put_base64(p->out, svg, strlen(svg));
    fputs("\">\n", p->out);
    free(svg);
    return TREN_OK;
}

static void put_part(page *p, const char *name, const char *text) {
    fprintf(p->out, "<p><b>%s</b> ", name);
    tren_put_html(p->out, text);
    fputs("</p>\n", p->out);
}

static void put_claims(page *p, const tren_verdict *v) {
    static const char *const mark[] = {"<span class=\"no\">✗</span>",
                                       "<span class=\"yes\">✓</span>", "·"};
    fputs("<ul class=\"claims\">\n", p->out);
    for (int i = 0; i < v->n; i++) {
        fprintf(p->out, "<li>%s ", mark[v->at[i].claim]);
        tren_put_html(p->out, v->at[i].text[p->language]);
        fputs("</li>\n", p->out);
    }
    fputs("</ul>\n", p->out);
}

static tren_status put_experiment(page *p, const tren_experiment *e, const tren_lab_state *s) {
    char words[TREN_VERDICT_WORDS];
    fprintf(p->out, "<h2 id=\"%s\">%s · ", e->name, e->name);
    tren_put_html(p->out, tren_say_in(p->language, e->title));
    fputs("</h2>\n<p class=\"question\">", p->out);
    tren_put_html(p->out, tren_say_in(p->language, e->question));
    fputs("</p>\n", p->out);
    if (!s->verdict.not_available) TREN_TRY(put_figure(p, e));
    put_part(p, say(p, "Setting.", "Montaje."), tren_say_in(p->language, e->setting));
    if (s->quick)
        put_part(p, say(p, "Reduced form.", "Forma reducida."),
                 say(p,
                     "Made with --quick: fewer epochs, sizes or seeds than the setting says, and "
                     "looser claims. A look, not a result.",
                     "Hecho con --quick: menos épocas, tamaños o semillas que las del montaje, y "
                     "exigencias menores. Un vistazo, no un resultado."));
    put_part(p, say(p, "What to see.", "Qué se ve."), tren_say_in(p->language, e->look_for));
    fprintf(p->out, "<p><b>%s <span class=\"%s\">%s</span></b></p>\n",
            say(p, "Verdict:", "Veredicto:"), class_of(&s->verdict),
            tren_verdict_words(words, &s->verdict, p->language));
    put_claims(p, &s->verdict);
    fputs("<p><code>", p->out);
    tren_put_html(p->out, s->command);
    fprintf(p->out, "</code> · %.0f s</p>\n", s->seconds);
    return TREN_OK;
}

static void put_summary_row(page *p, const tren_experiment *e, const tren_lab_state *s) {
    char words[TREN_VERDICT_WORDS];
    fprintf(p->out, "<tr><td><a href=\"#%s\">%s</a></td><td>", e->name, e->name);
    tren_put_html(p->out, tren_say_in(p->language, e->figure));
    fputs("</td><td>", p->out);
    tren_put_html(p->out, tren_say_in(p->language, e->title));
    fprintf(p->out, "</td><td class=\"%s\">%s</td><td>%.0f s</td></tr>\n", class_of(&s->verdict),
            tren_verdict_words(words, &s->verdict, p->language), s->seconds);
}

/* Calls fn for each experiment that was judged. */
static tren_status each(page *p, bool summary) {
    for (int i = 0; tren_experiments[i]; i++) {
        tren_lab_state state;
        TREN_TRY(tren_lab_look(&state, tren_experiments[i], p->dir));
        if (!state.judged) continue;
        p->n_figures++;
        if (summary)
            put_summary_row(p, tren_experiments[i], &state);
        else
            TREN_TRY(put_experiment(p, tren_experiments[i], &state));
    }
    return TREN_OK;
}

static tren_status put_page(page *p) {
    const char *title = say(p, "Training and regularization: the experiments",
                            "Entrenamiento y regularización: los experimentos");
    fprintf(p->out, head, p->language == TREN_SPANISH ? "es" : "en", title);
    fprintf(p->out, "<h1>%s</h1>\n<table>\n", title);
    TREN_TRY(each(p, true));
    fputs("</table>\n", p->out);
    if (p->n_figures == 0)
        return tren_fail(TREN_ERR_USAGE,
                         "%s: no experiment has been judged there; run one with 'tren lab run NAME "
                         "--out %s'",
                         p->dir, p->dir);
    TREN_TRY(each(p, false));
    fprintf(p->out, "<p class=\"na\">tren %s</p>\n</body>\n</html>\n", TREN_VERSION);
    return TREN_OK;
}

tren_status tren_lab_report(const char *dir, const char *path, bool force, tren_language language) {
    char own[TREN_MAX_PATH];
    tren_out_file file;
    page p = {.dir = dir, .language = language};
    snprintf(own, sizeof own, "%s/report.html", dir);
    TREN_TRY(tren_out_check(&file, path ? path : own, force || !path));
    tren_status st = tren_out_open_text(&file);
    p.out = file.text;
    if (st == TREN_OK) st = put_page(&p);
    if (st == TREN_OK) st = tren_out_finish(&file);
    tren_out_close(&file);
    if (st == TREN_OK) printf("%s\n", tren_cli_shown(path ? path : own));
    return st;
}
