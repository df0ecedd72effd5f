/* Values of JSON for the commands that print figures. Not collective. */
#ifndef TREN_CLI_JSON_H
#define TREN_CLI_JSON_H

#include "base/quote.h"

/* Whether a text is a number as JSON writes it. */
bool tren_json_is_number(const char *text);
/* Nine digits, as in result.json; null where it is not finite. */
void tren_json_number(FILE *out, double x);
/* A number, true, false or null as it stands; anything else as a string. */
void tren_json_value(FILE *out, const char *text);

#endif
