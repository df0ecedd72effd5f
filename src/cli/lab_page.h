/* What the laboratory's pages share: HTML that reads well on a phone, on a screen and on paper. Not
 * collective. */
#ifndef TREN_CLI_LAB_PAGE_H
#define TREN_CLI_LAB_PAGE_H

#include "tren/lab.h"

typedef struct tren_lab_page {
    FILE *out; /* not owned */
    tren_language language;
} tren_lab_page;

static inline const char *tren_page_say(const tren_lab_page *p, const char *en, const char *es) {
    return tren_say_in(p->language, (tren_phrase){en, es});
}
void tren_page_begin(const tren_lab_page *page, const char *title);
void tren_page_end(const tren_lab_page *page);
/* A paragraph behind a bold name. */
void tren_page_part(const tren_lab_page *page, const char *name, const char *text);
/* "W1 · title", with an anchor. */
void tren_page_heading(const tren_lab_page *page, const tren_experiment *experiment,
                       tren_phrase words);
/* Its question, and the slide of the lecture that it belongs to. */
void tren_page_question(const tren_lab_page *page, const tren_experiment *experiment);
/* What to predict, and the answers to choose from; box: each behind a box to be ticked. */
void tren_page_prediction(const tren_lab_page *page, const tren_experiment *experiment,
                          const tren_lab_setting *setting, bool box);
/* What to change, with the command and, unless it is to be found out, what should happen. */
void tren_page_changes(const tren_lab_page *page, const tren_lesson *lesson, bool tell);

#endif
