#include "etl/time_names.h"

#include <string.h>

enum { LEAST_LETTERS = 3 };

struct time_language {
    char tag[5]; /* as it stands ahead of a pattern */
    const char *months[12], *weekdays[7];
};

static const struct time_language LANGUAGES[] = {
    {"(it)",
     {"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre",
      "novembre", "dicembre"},
     {"lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"}},
    {"(de)",
     {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
      "Dezember"},
     {"Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"}},
    {"(fr)",
     {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
      "décembre"},
     {"lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"}},
    {"(es)",
     {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
      "diciembre"},
     {"lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"}}};

const struct time_language *time_language_take(const char **format)
{
    for (size_t i = 0; **format != '%' && i < sizeof LANGUAGES / sizeof *LANGUAGES; i++) {
        if (strncmp(*format, LANGUAGES[i].tag, 4) != 0) continue;
        *format += 4;
        return &LANGUAGES[i];
    }
    return NULL;
}

/* The letter at the start of `s` in small ASCII without its accent, and how many bytes it takes; 0: it is none. */
static char letter_at(struct slice s, size_t *n)
{
    static const char LATIN[] = "aaaaaaaceeeeiiiidnooooo_ouuuuyts"; /* U+00E0 to U+00FF */
    *n = 1;
    if (s.n == 0) return 0;
    uint8_t c = s.p[0];
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') return (char)(c | 0x20);
    if (c != 0xc3 || s.n < 2 || s.p[1] < 0x80 || s.p[1] > 0xbf) return 0;
    *n = 2;
    return LATIN[s.p[1] & 0x1f];
}

/* How many letters both begin with; *bytes is how much of `s` they take. */
static int letters_shared(struct slice s, struct slice name, size_t *bytes)
{
    int letters = 0;
    size_t n, m;
    *bytes = 0;
    for (char c; (c = letter_at(s, &n)) && c == letter_at(name, &m); letters++) {
        *bytes += n;
        s = slice_of(s.p + n, s.n - n);
        name = slice_of(name.p + m, name.n - m);
    }
    return letters;
}

static int letters_count(const char *name)
{
    size_t bytes;
    return letters_shared(slice_str(name), slice_str(name), &bytes);
}

static const char *const *names_of(const struct time_language *l, bool weekday, int *count)
{
    *count = weekday ? 7 : 12;
    return weekday ? l->weekdays : l->months;
}

/* How many letters it takes to make out which name is meant. */
static int letters_needed(const char *const *names, int count, int index)
{
    int most = LEAST_LETTERS, whole = letters_count(names[index]);
    size_t bytes;
    for (int i = 0; i < count; i++) {
        int shared = i == index ? 0 : letters_shared(slice_str(names[i]), slice_str(names[index]), &bytes);
        if (shared + 1 > most) most = shared + 1;
    }
    return most < whole ? most : whole;
}

/* A word is read to its end: what begins with a name and goes on is another one. */
static int letters_ahead(struct slice s)
{
    size_t bytes;
    return letters_shared(s, s, &bytes);
}

bool time_name_take(const struct time_language *l, bool weekday, bool whole, struct slice *s, int64_t *number)
{
    int count, letters = letters_ahead(*s);
    const char *const *names = names_of(l, weekday, &count);
    for (int i = 0; i < count; i++) {
        size_t bytes;
        int least = whole ? letters_count(names[i]) : letters_needed(names, count, i);
        if (letters < least || letters_shared(*s, slice_str(names[i]), &bytes) != letters) continue;
        *s = slice_of(s->p + bytes, s->n - bytes);
        if (!whole && s->n && s->p[0] == '.') *s = slice_of(s->p + 1, s->n - 1);
        *number = i + 1;
        return true;
    }
    return false;
}

void time_name_print(const struct time_language *l, bool weekday, bool whole, int64_t index, struct buf *out)
{
    int count;
    const char *const *names = names_of(l, weekday, &count);
    struct slice name = slice_str(names[index]);
    int left = whole ? letters_count(names[index]) : letters_needed(names, count, (int)index);
    for (size_t n; left > 0 && letter_at(name, &n); left--) {
        buf_append(out, name.p, n);
        name = slice_of(name.p + n, name.n - n);
    }
}
