/* What a class makes of the experiments that look behind the others. */
#include "lab/lessons.h"

const tren_lesson lab_lessons_more[] = {
    {.name = NULL},
};
