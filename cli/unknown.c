#include "cli/unknown.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "etl/document.h"

enum { WORDS_MAX = 128 };

struct words {
    const char *names[WORDS_MAX + 1];
    int count;
    struct arena arena;
};

static size_t word_length(const char *s)
{
    size_t n = 0;
    while (islower((unsigned char)s[n]) || isdigit((unsigned char)s[n]) || s[n] == '-') n++;
    return n;
}

static void word_add(struct words *w, const char *s)
{
    size_t n = word_length(s);
    if (n > 0 && w->count < WORDS_MAX) w->names[w->count++] = arena_str(&w->arena, slice_of(s, n));
}

/* The words that stand behind `mark`, or, when it is that of an option, begin with it. */
static void words_collect(struct words *w, const char *usage, const char *mark)
{
    for (const char *at = usage; (at = strstr(at, mark)); at += strlen(mark))
        word_add(w, *mark == '-' ? at : at + strlen(mark));
}

static bool words_have(const struct words *w, const char *word)
{
    for (int i = 0; i < w->count; i++)
        if (strcmp(w->names[i], word) == 0) return true;
    return false;
}

/* Usages are written by functions, so that they can be long: a stream in memory takes this one down. */
static char *usage_text(int (*usage)(FILE *to))
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to) return NULL;
    usage(to);
    fclose(to);
    return text;
}

int cli_unknown_name(const char *command, const char *given, const char *const *names)
{
    const char *near = name_nearest(given, names);
    fprintf(stderr, "millrace %s: there is no %s \"%s\"%s%s%s\n`millrace %s --help` says more.\n", command,
            given[0] == '-' ? "option" : "command", given, near ? "; did you mean \"" : "", near ? near : "",
            near ? "\"?" : "", command);
    return CLI_USAGE;
}

int cli_unknown(const char *command, const char *given, int (*usage)(FILE *to))
{
    struct words w = {.count = 0};
    bool option = given[0] == '-';
    char *text = usage_text(usage);
    if (text) words_collect(&w, text, option ? "--" : arena_printf(&w.arena, "millrace %s ", command));
    if (!option && words_have(&w, given)) {
        usage(stderr); /* it is known, and something else is missing */
        goto out;
    }
    if (option && words_have(&w, given))
        fprintf(stderr, "millrace %s: %s needs a value\n`millrace %s --help` says more.\n", command, given, command);
    else if (!option && w.count == 0)
        fprintf(stderr, "millrace %s: unexpected argument \"%s\"\n`millrace %s --help` says more.\n", command, given,
                command);
    else
        cli_unknown_name(command, given, w.names);
out:
    free(text);
    arena_release(&w.arena);
    return CLI_USAGE;
}
