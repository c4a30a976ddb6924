#include "lib/base/instants.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

#define SECOND_NS     INT64_C(1000000000)
#define INSTANT_MAX_S 1e6

/* A line's instant; 1, 0 for a line without one, or negative. */
static int line_read(const char *path, int number, char *line, int64_t before, int64_t *ns, struct err_text *error)
{
    char *text = line + strspn(line, " \t"), *end;
    text[strcspn(text, "\r\n")] = 0;
    if (!*text || *text == '#') return 0;
    double s = strtod(text, &end);
    end += strspn(end, " \t");
    if (end == text || *end || !(s >= 0 && s <= INSTANT_MAX_S))
        return err_set(error, ERR_INVALID, "%s:%d: not a number of seconds from 0 to 1000000: %.40s", path, number,
                       text);
    *ns = (int64_t)(s * 1e9 + 0.5);
    if (*ns < before)
        return err_set(error, ERR_INVALID, "%s:%d: earlier than the line before it: %.40s", path, number, text);
    return 1;
}

static int lines_read(struct instants *t, FILE *file, const char *path, int64_t max, struct err_text *error)
{
    char *line = NULL;
    size_t size = 0;
    int64_t capacity = 0, ns = 0, before = 0;
    int rc = 0;
    for (int number = 1; rc >= 0 && (max == 0 || t->count < max) && getline(&line, &size, file) > 0; number++) {
        if ((rc = line_read(path, number, line, before, &ns, error)) <= 0) continue;
        if (t->count == capacity) {
            capacity = capacity ? 2 * capacity : 4096;
            t->ns = memory_grow(t->ns, (size_t)capacity, sizeof *t->ns);
        }
        t->ns[t->count++] = before = ns;
    }
    free(line);
    if (rc < 0) return rc;
    if (ferror(file)) return err_set(error, ERR_IO, "%s: cannot be read", path);
    int64_t first = t->count > 0 ? t->ns[0] : 0;
    if (before == first) return err_set(error, ERR_INVALID, "%s: two different instants at least", path);
    for (int64_t i = 0; i < t->count; i++) t->ns[i] -= first;
    return 0;
}

int instants_read(struct instants *t, const char *path, int64_t max, struct err_text *error)
{
    *t = (struct instants){0};
    FILE *file = fopen(path, "r");
    if (!file) return err_set(error, err_from_errno(errno), "%s: %s", path, strerror(errno));
    int rc = lines_read(t, file, path, max, error);
    fclose(file);
    if (rc < 0) instants_release(t);
    return rc;
}

int instants_write(const struct instants *t, const char *path, struct err_text *error)
{
    FILE *file = fopen(path, "w");
    if (!file) return err_set(error, err_from_errno(errno), "%s: %s", path, strerror(errno));
    fputs("# seconds from the first arrival\n", file);
    for (int64_t i = 0; i < t->count; i++)
        fprintf(file, "%lld.%09lld\n", (long long)(t->ns[i] / SECOND_NS), (long long)(t->ns[i] % SECOND_NS));
    bool done = !ferror(file);
    if (fclose(file) != 0) done = false;
    return done ? 0 : err_set(error, ERR_IO, "%s: cannot be written", path);
}

void instants_release(struct instants *t)
{
    free(t->ns);
    *t = (struct instants){0};
}
