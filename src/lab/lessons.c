#include "lab/lessons.h"

#include <string.h>

const tren_lesson *tren_lesson_of(const tren_experiment *e) {
    const tren_lesson *const table[] = {lab_lessons_training, lab_lessons_descent,
                                        lab_lessons_more};
    for (size_t t = 0; t < sizeof table / sizeof *table; t++)
        for (const tren_lesson *l = table[t]; l->name; l++)
            if (strcmp(l->name, e->name) == 0) return l;
    return NULL;
}
