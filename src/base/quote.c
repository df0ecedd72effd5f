#include "base/quote.h"
#include "base/text.h"

#include <string.h>

/* ---- UTF-8 ----------------------------------------------------------------------------------- */

int tren_utf8_next(uint32_t *code, const char *text) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)text;
    int n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc0 ? 2 : 0;
    if (n == 0 || s[0] > 0xf4) return 0;
    *code = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    for (int i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
        *code = *code << 6 | (s[i] & 0x3f);
    }
    bool surrogate = *code >= 0xd800 && *code < 0xe000;
    return *code < least[n] || *code > 0x10ffff || surrogate ? 0 : n;
}

bool tren_utf8_valid(const char *text) {
    uint32_t code;
    for (int n; *text; text += n)
        if ((n = tren_utf8_next(&code, text)) == 0) return false;
    return true;
}

int tren_utf8_blank(const char *text) {
    static const uint32_t alone[] = {0x85, 0xA0, 0x1680, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF};
    uint32_t code;
    int n = tren_utf8_next(&code, text);
    if (n <= 1) return *text && strchr(" \t\n\v\f\r", *text) ? 1 : 0;
    bool is_blank = (code >= 0x2000 && code <= 0x200B) || code == 0x2028 || code == 0x2029;
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) is_blank |= code == alone[i];
    return is_blank ? n : 0;
}

int tren_utf8_odd(uint32_t *code, const char *text) {
    static const uint32_t odd[] = {0xa0,   0xad,   0x202f, 0x205f, 0x2060,
                                   0x2212, 0x3000, 0xfeff, 0x2010, 0x2011};
    int n = tren_utf8_next(code, text);
    if (n > 0 && *code >= 0x2000 && *code <= 0x200f) return n;
    for (size_t i = 0; n > 0 && i < sizeof odd / sizeof *odd; i++)
        if (*code == odd[i]) return n;
    return 0;
}

char *tren_show_odd(char out[TREN_ODD_ROOM], const char *text) {
    size_t at = 0;
    uint32_t code;
    while (*text && at < 100) {
        int n = tren_utf8_odd(&code, text);
        at += (size_t)(n ? snprintf(out + at, TREN_ODD_ROOM - at, "<U+%04X>", (unsigned)code)
                         : snprintf(out + at, TREN_ODD_ROOM - at, "%c", *text));
        text += n ? n : 1;
    }
    out[at] = '\0';
    return out;
}

/* ---- for people ------------------------------------------------------------------------------ */

/* C0, DEL, C1 and the line and paragraph separators. */
static bool is_control(uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
}

/* Characters that are not seen themselves and change how others are. */
static bool is_hidden(uint32_t code) {
    return (code >= 0x200b && code <= 0x200f) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || (code & 0xfffe) == 0xfffe;
}

enum { ONE = 16 }; /* room for one character, shown */

/* Shows the character at `text` and returns its bytes. */
static int show_one(char out[ONE], const char *text) {
    uint32_t code;
    int n = tren_utf8_next(&code, text);
    if (n == 0)
        snprintf(out, ONE, "\\x%02x", (unsigned char)*text);
    else if (code == '\n' || code == '\r' || code == '\t')
        snprintf(out, ONE, "\\%c", code == '\n' ? 'n' : code == '\r' ? 'r' : 't');
    else if (is_control(code) || is_hidden(code))
        snprintf(out, ONE, code < 0x80 ? "\\x%02x" : "\\u%04x", (unsigned)code);
    else
        snprintf(out, ONE, "%.*s", n, text);
    return n > 0 ? n : 1;
}

void tren_put_shown(FILE *out, const char *text) {
    char one[ONE];
    while (*text) {
        text += show_one(one, text);
        fputs(one, out);
    }
}

char *tren_shown(char *out, size_t n, const char *text) {
    char one[ONE];
    size_t at = 0;
    while (*text) {
        text += show_one(one, text);
        if (at + strlen(one) >= n) break;
        memcpy(out + at, one, strlen(one));
        at += strlen(one);
    }
    if (n > 0) out[at] = '\0';
    return out;
}

void tren_put_html(FILE *out, const char *text) {
    char one[ONE];
    while (*text) {
        text += show_one(one, text);
        switch (*one) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputs(one, out);
        }
    }
}

/* ---- for programs ---------------------------------------------------------------------------- */

void tren_put_json(FILE *out, const char *text) {
    fputc('"', out);
    for (int n; *text; text += n > 0 ? n : 1) {
        uint32_t code;
        n = tren_utf8_next(&code, text);
        if (n == 0)
            fprintf(out, "\\udc%02x", (unsigned char)*text);
        else if (code == '"' || code == '\\')
            fprintf(out, "\\%c", (int)code);
        else if (is_control(code))
            fprintf(out, "\\u%04x", (unsigned)code);
        else
            fwrite(text, 1, (size_t)n, out);
    }
    fputc('"', out);
}

static bool runs_in_a_spreadsheet(const char *text) {
    double number;
    text += strspn(text, "'");
    return *text && strchr("=+-@\t\r\n", *text) && tren_text_real(&number, text) != TREN_TEXT_OK;
}

/* What would move the cursor or ring the bell of a terminal is written as \x1b. */
static void put_csv_byte(FILE *out, char c) {
    bool control = ((unsigned char)c < ' ' && !strchr("\r\n\t", c)) || c == 0x7f;
    if (control)
        fprintf(out, "\\x%02x", (unsigned)c);
    else
        fputc(c, out);
}

void tren_put_csv(FILE *out, const char *text) {
    const char *mark = runs_in_a_spreadsheet(text) ? "'" : "";
    bool quoted =
        strpbrk(text, ",;\"\r\n\t") || *text == ' ' || (*text && text[strlen(text) - 1] == ' ');
    fprintf(out, "%s%s", quoted ? "\"" : "", mark);
    for (; *text; text++) {
        if (*text == '"') fputc('"', out);
        put_csv_byte(out, *text);
    }
    if (quoted) fputc('"', out);
}

void tren_put_yaml(FILE *out, const char *text) {
    if (!tren_utf8_valid(text)) {
        fputs("!!binary \"", out);
        tren_put_base64(out, text, strlen(text));
        fputc('"', out);
        return;
    }
    fputc('"', out);
    for (int n; *text; text += n) {
        uint32_t code;
        n = tren_utf8_next(&code, text);
        if (code == '"' || code == '\\')
            fprintf(out, "\\%c", (int)code);
        else if (is_control(code) || code == 0xfeff || code == 0xfffe || code == 0xffff)
            fprintf(out, code < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)code);
        else
            fwrite(text, 1, (size_t)n, out);
    }
    fputc('"', out);
}

/* ---- base64 (RFC 4648) ----------------------------------------------------------------------- */

static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void tren_put_base64(FILE *out, const void *bytes, size_t n) {
    const unsigned char *s = bytes;
    for (size_t i = 0; i < n; i += 3) {
        unsigned a = s[i], b = i + 1 < n ? s[i + 1] : 0, c = i + 2 < n ? s[i + 2] : 0;
        fputc(digit[a >> 2], out);
        fputc(digit[(a & 3) << 4 | b >> 4], out);
        fputc(i + 1 < n ? digit[(b & 15) << 2 | c >> 6] : '=', out);
        fputc(i + 2 < n ? digit[c & 63] : '=', out);
    }
}

bool tren_base64_decode(char *out, size_t n, const char *text) {
    static const char blank[] = " \t\r\n";
    unsigned bits = 0;
    int n_bits = 0, digits = 0;
    size_t at = 0;
    for (; *text && *text != '='; text++) {
        const char *found = strchr(digit, *text);
        if (strchr(blank, *text)) continue;
        if (!found) return false;
        digits++;
        bits = bits << 6 | (unsigned)(found - digit);
        n_bits += 6;
        if (n_bits < 8) continue;
        n_bits -= 8;
        if (at + 1 >= n || (bits >> n_bits & 0xff) == 0) return false;
        out[at++] = (char)(bits >> n_bits & 0xff);
        bits &= (1u << n_bits) - 1;
    }
    for (; *text; text++) {
        if (strchr(blank, *text)) continue;
        if (*text != '=') return false;
        digits++;
    }
    if (n == 0 || digits % 4 != 0 || bits != 0) return false;
    out[at] = '\0';
    return true;
}
