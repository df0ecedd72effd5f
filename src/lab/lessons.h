/* Private to lab: the tables of lessons, each ending with a name of NULL. */
#ifndef TREN_LAB_LESSONS_H
#define TREN_LAB_LESSONS_H

#include "tren/lab.h"

extern const tren_lesson lab_lessons_training[], lab_lessons_descent[], lab_lessons_more[];

#endif
