/* The SQL of views: plain SQLite but for one macro.
 *
 *     decimal(X, 3)   ->  text of the scaled integer X with exactly 3 decimals, NULL for NULL
 *
 * It expands to operators and functions that every SQLite has, so that its shell can read the warehouse. X is an
 * SQL expression with an integer value; it is repeated in the result. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "etl/definition_read.h"

enum { SCALE_MAX = 18 };

/* Length of the quoted text, quoted name or comment at `s`, 0 if there is none. */
static size_t opaque_length(const char *s)
{
    char close = *s == '[' ? ']' : *s;
    if (strchr("'\"`[", *s) && *s) {
        const char *end = strchr(s + 1, close);
        return end ? (size_t)(end - s) + 1 : strlen(s);
    }
    if (strncmp(s, "--", 2) == 0) return strcspn(s, "\n");
    if (strncmp(s, "/*", 2) == 0) {
        const char *end = strstr(s + 2, "*/");
        return end ? (size_t)(end - s) + 2 : strlen(s);
    }
    return 0;
}

/* From behind "(": offset of the comma or parenthesis that ends an argument, SIZE_MAX if none does. */
static size_t argument_length(const char *s)
{
    int depth = 0;
    for (size_t i = 0; s[i];) {
        size_t skip = opaque_length(s + i);
        if (!skip && depth == 0 && (s[i] == ',' || s[i] == ')')) return i;
        depth += !skip && s[i] == '(' ? 1 : !skip && s[i] == ')' ? -1 : 0;
        i += skip ? skip : 1;
    }
    return SIZE_MAX;
}

static void sql_expand(struct node n, const char *sql, size_t length, struct buf *out, int depth);

static void decimal_print(const char *x, int scale, struct buf *out)
{
    static const char zeros[] = "000000000000000000";
    long long power = 1;
    for (int i = 0; i < scale; i++) power *= 10;
    if (scale == 0)
        buf_printf(out, "CAST((%s) AS TEXT)", x);
    else
        buf_printf(out,
                   "(CASE WHEN (%s) < 0 THEN '-' ELSE '' END || abs((%s) / %lld) || '.' || substr('%.*s' || "
                   "abs((%s) %% %lld), -%d))",
                   x, x, power, scale, zeros, x, power, scale);
}

/* `s` stands behind "decimal("; gives the length up to and with the closing parenthesis. */
static size_t decimal_expand(struct node n, const char *s, struct buf *out, int depth)
{
    size_t first = argument_length(s);
    size_t second = first == SIZE_MAX || s[first] != ',' ? SIZE_MAX : argument_length(s + first + 1);
    if (second == SIZE_MAX || s[first + 1 + second] != ')') {
        node_fail(n, "decimal() needs two arguments: decimal(column, 3)");
        return 0;
    }
    int scale = -1, used = 0;
    sscanf(s + first + 1, " %2d %n", &scale, &used);
    if (scale < 0 || scale > SCALE_MAX || (size_t)used != second)
        node_fail(n, "the second argument of decimal() must be a number of decimals from 0 to %d", SCALE_MAX);
    struct buf x = {0};
    sql_expand(n, s, first, &x, depth + 1);
    if (!n.doc->failed) decimal_print(buf_cstr(&x), scale, out);
    buf_release(&x);
    return first + second + 2;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static void sql_expand(struct node n, const char *sql, size_t length, struct buf *out, int depth)
{
    if (depth > 4) node_fail(n, "decimal() stands inside of itself too deeply");
    for (size_t i = 0; i < length && !n.doc->failed;) {
        size_t skip = opaque_length(sql + i), word = 0;
        if (skip > length - i) skip = length - i;
        while (!skip && i + word < length && is_word(sql[i + word])) word++;
        size_t blanks = word ? strspn(sql + i + word, " \t\r\n") : 0;
        bool macro = word == 7 && strncasecmp(sql + i, "decimal", 7) == 0 && sql[i + word + blanks] == '(';
        if (macro) {
            i += word + blanks + 1;
            i += decimal_expand(n, sql + i, out, depth);
            continue;
        }
        size_t plain = skip ? skip : word ? word : 1;
        buf_append(out, sql + i, plain);
        i += plain;
    }
}

/* A view is one SELECT; a semicolon would begin a second statement. */
static void sql_check(struct node n, const char *sql)
{
    const char *s = sql + strspn(sql, " \t\r\n");
    if (strncasecmp(s, "select", 6) != 0 && strncasecmp(s, "with", 4) != 0)
        node_fail(n, "must begin with SELECT or WITH");
    for (size_t i = 0; s[i];) {
        size_t skip = opaque_length(s + i);
        if (!skip && s[i] == ';') node_fail(n, "must be one statement without a semicolon");
        i += skip ? skip : 1;
    }
}

/* A text, or a list of texts that are joined with line ends. */
static const char *sql_text(struct node n)
{
    const char *text = "";
    int count;
    const char *const *lines = node_text_list(n, &count);
    for (int i = 0; i < count; i++) text = arena_printf(n.doc->arena, "%s%s%s", text, i ? "\n" : "", lines[i]);
    return text;
}

const char *view_sql_read(struct node n)
{
    struct buf out = {0};
    const char *sql = sql_text(n);
    if (!n.doc->failed) sql_check(n, sql);
    sql_expand(n, sql, strlen(sql), &out, 0);
    const char *expanded = arena_str(n.doc->arena, buf_slice(&out));
    buf_release(&out);
    return expanded;
}
