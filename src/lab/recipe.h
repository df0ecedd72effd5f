/* Private to lab: what all points of a folder have in common, kept in its recipe.txt. Not
 * collective. */
#ifndef TREN_LAB_RECIPE_H
#define TREN_LAB_RECIPE_H

#include "tren/lab.h"

/* Writes it, or compares. TREN_ERR_USAGE: the folder holds points of another setting. */
tren_status lab_recipe_check(const tren_lab *lab);
/* The form and the values of the recipe in `dir`. TREN_ERR_DATA. */
tren_status lab_recipe_read(tren_lab_setting *setting, const tren_experiment *experiment,
                            const char *dir);

#endif
