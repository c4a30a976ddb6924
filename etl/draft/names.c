#include "etl/draft/names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "etl/expr/unicode.h"
#include "lib/base/text.h"

enum { NAME_BYTES_MAX = 56 }; /* the language allows 63; the rest is for _2, _by_day */

/* Words of expressions: a column of this name could not be spoken of. */
static const char *const WORDS[] = {"and", "or", "not", "in", "is", "null", "between", "where", "like", "all", NULL};

/* A capital begins a word behind a small letter: InvoiceNo; and before one: HTTPStatus. */
static bool word_begins(struct slice s, size_t i)
{
    if (i == 0 || !isupper(s.p[i])) return false;
    return islower(s.p[i - 1]) || (isupper(s.p[i - 1]) && i + 1 < s.n && islower(s.p[i + 1]));
}

const char *draft_name(struct slice title, const char *fallback, struct arena *arena)
{
    struct slice plain = title;
    char name[NAME_BYTES_MAX + 3];
    size_t n = 0;
    unicode_map(title, UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK, arena, &plain);
    for (size_t i = 0; i < plain.n && n < NAME_BYTES_MAX - 2; i++) {
        bool good = plain.p[i] < 0x80 && isalnum(plain.p[i]);
        if (n && name[n - 1] != '_' && (!good ? plain.p[i] < 0x80 : word_begins(plain, i))) name[n++] = '_';
        if (good) name[n++] = (char)tolower(plain.p[i]);
        if (plain.p[i] == 0xc3 && i + 1 < plain.n && plain.p[i + 1] == 0x9f)
            n += (size_t)(memcpy(name + n, "ss", 2), 2);
    }
    while (n && name[n - 1] == '_') n--;
    name[n] = 0;
    if (n == 0) return fallback;
    const char *before = isdigit((unsigned char)name[0]) ? "c_" : "", *behind = "";
    for (int i = 0; WORDS[i]; i++)
        if (strcasecmp(name, WORDS[i]) == 0) behind = "_value";
    return arena_printf(arena, "%s%s%s", before, name, behind);
}

const char *draft_json(struct slice text, struct arena *arena)
{
    struct buf b = {0};
    text_json_string(text, &b);
    const char *json = arena_str(arena, buf_slice(&b));
    buf_release(&b);
    return json;
}

const char *draft_count(uint64_t n, struct arena *arena)
{
    char digits[32], out[48];
    int count = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), k = 0;
    for (int i = 0; i < count; i++) {
        if (i && (count - i) % 3 == 0) out[k++] = ',';
        out[k++] = digits[i];
    }
    return arena_str(arena, slice_of(out, (size_t)k));
}
