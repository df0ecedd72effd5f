#include "cli/lab_axes.h"

#include <math.h>

void tren_lab_axis_extend(tren_lab_axis *a, double value) {
    if (!isfinite(value) || (a->log && value <= 0)) return;
    a->low = fmin(a->low, value);
    a->high = fmax(a->high, value);
}

/* 10⁻⁶, or with a factor 2·10⁻⁶ */
static void put_power(FILE *out, int factor, int exponent) {
    static const char *const digit[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char text[8];
    snprintf(text, sizeof text, "%d", exponent < 0 ? -exponent : exponent);
    if (factor > 1) fprintf(out, "%d·", factor);
    fprintf(out, "10%s", exponent < 0 ? "⁻" : "");
    for (const char *c = text; *c; c++) fputs(digit[*c - '0'], out);
}

static void put_tic(FILE *out, int factor, int exponent, tren_language language) {
    char text[40];
    fputc('"', out);
    if (exponent < -3 || exponent > 4) {
        put_power(out, factor, exponent);
    } else {
        snprintf(text, sizeof text, "%.*f", exponent < 0 ? -exponent : 0,
                 factor * pow(10, exponent));
        tren_localize(text, sizeof text, language);
        fputs(text, out);
    }
    fprintf(out, "\" %.9g", factor * pow(10, exponent));
}

/* Every decade, or every second one where there are many; between them 2 and 5 where there are few,
 * and all from 2 to 9 on less than one decade. */
static void put_log_tics(FILE *out, const char *name, tren_lab_axis a, tren_language language) {
    static const int factor[] = {1, 2, 5, 3, 4, 6, 7, 8, 9};
    double decades = log10(a.high / a.low);
    int step = decades > 8 ? 2 : 1, within = decades < 0.7 ? 9 : decades < 2.5 ? 3 : 1;
    bool first = true;
    fprintf(out, "set %stics (", name);
    for (int e = (int)floor(log10(a.low)); e <= (int)ceil(log10(a.high)); e++)
        for (int i = 0; i < within; i++) {
            double x = factor[i] * pow(10, e);
            if (x < a.low * 0.999 || x > a.high * 1.001 || e % step != 0) continue;
            fputs(first ? "" : ", ", out);
            put_tic(out, factor[i], e, language);
            first = false;
        }
    fputs(") nomirror\n", out);
}

static double nice_step(double range) {
    double power = pow(10, floor(log10(range / 6))), rest = range / 6 / power;
    return power * (rest <= 1 ? 1 : rest <= 2 ? 2 : rest <= 5 ? 5 : 10);
}

static void widen(tren_lab_axis *a) {
    double pad = 0.05 * (a->high - a->low);
    if (a->log) {
        double factor = a->high > a->low ? pow(a->high / a->low, 0.03) : 2;
        a->low /= factor;
        a->high *= factor;
        return;
    }
    if (pad == 0) pad = a->high == 0 ? 1 : 0.1 * fabs(a->high);
    a->low = a->low >= 0 && a->low < pad ? 0 : a->low - pad;
    a->high += pad;
}

void tren_lab_axis_put(FILE *out, const char *name, tren_lab_axis a, bool fixed,
                       tren_language language) {
    if (a.low > a.high) a = (tren_lab_axis){.low = 1, .high = 2, .log = a.log};
    if (!fixed) widen(&a);
    fprintf(out, "%s logscale %s\nset %srange [%.9g:%.9g]\n", a.log ? "set" : "unset", name, name,
            a.low, a.high);
    if (a.log)
        put_log_tics(out, name, a, language);
    else
        fprintf(out, "set %stics %.9g nomirror\nset format %s '%%.6g'\n", name,
                nice_step(a.high - a.low), name);
}
