#include "cli/lab_page.h"
#include "base/quote.h"

static const char style[] =
    "<style>\n"
    "*{box-sizing:border-box}\n"
    "body{font:16px/1.5 system-ui,sans-serif;color:#222;max-width:64rem;margin:1.5rem auto;"
    "padding:0 1rem;overflow-wrap:break-word}\n"
    "h1{font-size:1.6rem;line-height:1.25}\n"
    "h2{font-size:1.25rem;line-height:1.3;margin-top:3rem;border-top:1px solid #ddd;"
    "padding-top:1.5rem}\n"
    ".figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));"
    "gap:1rem;margin:1rem 0}\n"
    ".figures img{width:100%;height:auto;max-width:34rem;margin:0 auto;display:block}\n"
    ".question{font-size:1.1rem;font-style:italic}\n"
    ".note{background:#fff6d8;border-left:4px solid #b07d00;padding:.5rem .8rem}\n"
    ".predict{background:#eef5fb;border-left:4px solid #0072b2;padding:.5rem .8rem}\n"
    ".predict p{margin:.2rem 0}ol.choices{list-style:lower-alpha;margin:.3rem "
    "0;padding-left:2rem}\n"
    "ol.choices.boxes{list-style:none;padding-left:.3rem}\n"
    "code{background:#f3f3f3;padding:.1rem .3rem;border-radius:3px;overflow-wrap:anywhere}\n"
    ".scroll{overflow-x:auto}\n"
    "table{border-collapse:collapse}td,th{padding:.25rem .8rem .25rem 0;text-align:left;"
    "vertical-align:top}\n"
    "td.nowrap{white-space:nowrap}@media(max-width:30rem){.figure{display:none}}\n"
    ".yes{color:#0b6e4f}.no{color:#b42318}.na{color:#666}\n"
    "ul.claims{list-style:none;padding-left:0}ul.claims li{margin:.3rem 0;padding-left:1.6rem;"
    "text-indent:-1.6rem}.mark{display:inline-block;width:1.6rem;text-indent:0}\n"
    ".then{margin:.2rem 0 .6rem}.blank{border-bottom:1px solid #888;height:2.2rem;margin:0}\n"
    ".name{margin:2rem 0 0}\n"
    "@media print{body{max-width:none;margin:0;font-size:11pt}h2{break-before:page;border:0;"
    "margin-top:0}.name{break-before:page}h1+.name{break-before:auto;margin-top:0}.name+h2{break-"
    "before:auto}"
    "h2,h3,.what{break-after:avoid}.result,.predict,.question,li{break-inside:avoid}.foot{"
    "break-before:avoid}"
    ".figures{grid-template-columns:repeat(2,1fr);gap:.3rem}.figures img{max-width:7.5cm}"
    ".figures img:only-child{max-width:9cm}"
    ".figures:has(img:only-child){grid-template-columns:1fr}a{color:inherit}}\n"
    "</style>\n";

void tren_page_begin(const tren_lab_page *p, const char *title) {
    fprintf(p->out,
            "<!doctype html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
            "name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<title>%s</title>\n%s</head>\n<body>\n<h1>%s</h1>\n",
            p->language == TREN_SPANISH ? "es" : "en", title, style, title);
}

void tren_page_end(const tren_lab_page *p) {
    fprintf(p->out, "<p class=\"na foot\">tren %s</p>\n</body>\n</html>\n", TREN_VERSION);
}

void tren_page_part(const tren_lab_page *p, const char *name, const char *text) {
    fprintf(p->out, "<p><b>%s</b> ", name);
    tren_put_html(p->out, text);
    fputs("</p>\n", p->out);
}

void tren_page_heading(const tren_lab_page *p, const tren_experiment *e, tren_phrase words) {
    fprintf(p->out, "<h2 id=\"%s\">%s · ", e->name, e->name);
    tren_put_html(p->out, tren_say_in(p->language, words));
    fputs("</h2>\n", p->out);
}

void tren_page_question(const tren_lab_page *p, const tren_experiment *e) {
    const tren_lesson *lesson = tren_lesson_of(e);
    fputs("<p class=\"question\">", p->out);
    tren_put_html(p->out, tren_say_in(p->language, e->question));
    fputs("</p>\n<p class=\"na\">", p->out);
    if (lesson) {
        fputs(tren_page_say(p, "Lecture slide: ", "Diapositiva de la clase: "), p->out);
        tren_put_html(p->out, tren_say_in(p->language, lesson->slide));
        fputs(". ", p->out);
    }
    fputs(tren_page_say(p, "Figure: ", "Figura: "), p->out);
    tren_put_html(p->out, tren_say_in(p->language, e->figure));
    fputs("</p>\n", p->out);
}

void tren_page_prediction(const tren_lab_page *p, const tren_experiment *e,
                          const tren_lab_setting *s, bool box) {
    const tren_lesson *lesson = tren_lesson_of(e);
    char text[TREN_LAB_TEXT];
    if (!lesson) return;
    fprintf(p->out, "<div class=\"predict\"><p><b>%s</b> ",
            box ? tren_page_say(p, "Predict before you run it.",
                                "Haga su predicción antes de ejecutarlo.")
                : tren_page_say(p, "Predict before you look at the figure.",
                                "Haga su predicción antes de mirar la figura."));
    tren_put_html(p->out, tren_lab_say(text, e, s, lesson->predict, p->language));
    fprintf(p->out, "</p>\n<ol class=\"choices%s\">\n", box ? " boxes" : "");
    for (int i = 0; i < TREN_MAX_CHOICES && lesson->choice[i].en; i++) {
        fputs("<li>", p->out);
        if (box) fprintf(p->out, "☐ %c) ", 'a' + i);
        tren_put_html(p->out, tren_lab_say(text, e, s, lesson->choice[i], p->language));
        fputs("</li>\n", p->out);
    }
    fputs("</ol></div>\n", p->out);
}

void tren_page_changes(const tren_lab_page *p, const tren_lesson *lesson, bool tell) {
    char text[TREN_LAB_TEXT];
    if (!lesson || !lesson->change[0].command) return;
    fprintf(p->out, "<p class=\"what\"><b>%s</b></p>\n<ul>\n",
            tell ? tren_page_say(p, "What to change, and what should happen.",
                                 "Qué cambiar, y qué debería ocurrir.")
                 : tren_page_say(p, "Change something. What do you expect? What happens?",
                                 "Cambie algo. ¿Qué espera que ocurra? ¿Qué ocurre?"));
    for (int i = 0; i < TREN_MAX_CHANGES && lesson->change[i].command; i++) {
        fprintf(p->out, "<li><code>tren lab run %s ", lesson->name);
        tren_put_html(p->out, lesson->change[i].command);
        fprintf(p->out, "%s</code>", p->language == TREN_SPANISH ? " --lang es" : "");
        if (tell) {
            snprintf(text, sizeof text, "%s", tren_say_in(p->language, lesson->change[i].then));
            tren_localize(text, sizeof text, p->language);
            fputs("<p class=\"then\">", p->out);
            tren_put_html(p->out, text);
            fputs("</p>", p->out);
        } else {
            fputs("<p class=\"blank\"></p><p class=\"blank\"></p>", p->out);
        }
        fputs("</li>\n", p->out);
    }
    fputs("</ul>\n", p->out);
}
