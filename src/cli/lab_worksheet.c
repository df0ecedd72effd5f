#include "cli/lab_worksheet.h"
#include "cli/console.h"
#include "cli/lab_page.h"
#include "cli/out_file.h"

static void put_blanks(const tren_lab_page *p, const char *name, int lines) {
    fprintf(p->out, "<p><b>%s</b></p>\n", name);
    for (int i = 0; i < lines; i++) fputs("<p class=\"blank\"></p>\n", p->out);
}

static tren_status put_experiment(const tren_lab_page *p, const tren_experiment *e) {
    char text[TREN_LAB_TEXT];
    tren_lab_setting s;
    tren_lab_options options = {.first_seed = 1};
    TREN_TRY(tren_lab_setting_of(&s, e, &options));
    tren_page_heading(p, e, e->figure); /* its title would tell the answer */
    tren_page_question(p, e);
    tren_page_part(p, tren_page_say(p, "Setting.", "Configuración."),
                   tren_lab_say(text, e, &s, e->setting, p->language));
    tren_page_prediction(p, e, &s, true);
    put_blanks(p, tren_page_say(p, "Why?", "¿Por qué?"), 2);
    fprintf(p->out, "<p><b>%s</b> <code>tren lab run %s --lang %s</code></p>\n",
            tren_page_say(p, "Run it:", "Ejecútelo:"), e->name,
            p->language == TREN_SPANISH ? "es" : "en");
    put_blanks(p,
               tren_page_say(p, "What do you see in the figure? Write down two numbers.",
                             "¿Qué ve en la figura? Anote dos números."),
               3);
    put_blanks(p,
               tren_page_say(p, "Which claims hold? Which do you doubt, and why?",
                             "¿Qué afirmaciones se cumplen? ¿De cuáles duda, y por qué?"),
               2);
    tren_page_changes(p, tren_lesson_of(e), false);
    return TREN_OK;
}

static tren_status put_page(const tren_lab_page *p, const tren_experiment *const experiment[],
                            int n) {
    tren_page_begin(p, tren_page_say(p, "Training and regularization: worksheet",
                                     "Entrenamiento y regularización: hoja de trabajo"));
    for (int i = 0; i < n; i++) {
        fprintf(p->out, "<p class=\"name blank\">%s</p>\n",
                tren_page_say(p, "Name and date:", "Nombre y fecha:"));
        TREN_TRY(put_experiment(p, experiment[i]));
    }
    tren_page_end(p);
    return TREN_OK;
}

tren_status tren_lab_worksheet(const tren_experiment *const experiment[], int n, const char *path,
                               bool force, tren_language language) {
    tren_out_file file;
    TREN_TRY(tren_out_ending(path, ".html"));
    TREN_TRY(tren_out_check(&file, path, force));
    tren_status st = tren_out_open_text(&file);
    tren_lab_page page = {.out = file.text, .language = language};
    if (st == TREN_OK) st = put_page(&page, experiment, n);
    if (st == TREN_OK) st = tren_out_finish(&file);
    tren_out_close(&file);
    if (st == TREN_OK) printf("%s\n", tren_cli_shown(path));
    return st;
}
