/* timeline.c - `millrace timeline FILE...`: what happened in a run, drawn. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/timeline/svg.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "lib/base/text.h"

enum { FILES_MAX = 32, LANES_MAX = 32, SECONDS_SCALE = 9 };

struct timeline_command {
    const char *files[FILES_MAX], *out, *from, *to, *lanes, *title, *theme, *format;
    const char *wanted[LANES_MAX + 1];
    bool all, help;
    struct timeline timeline;
    struct arena arena;
};

static int usage(FILE *to)
{
    fputs(
        "usage: millrace timeline FILE... [OPTIONS]      FILE: of `millrace chaos --log` or `millrace tap --format "
        "json`\n"
        "\n"
        "Draws what happened in a run, with a lane for each client and each broker: produce, fetch, commit, a group's\n"
        "members, what was lost, kills and restarts. An SVG document to standard output.\n"
        "\n"
        "  --out FILE.svg        there instead\n"
        "  --from S, --to S      only these seconds of the run (0 is its first request)\n"
        "  --lanes NAME,...      only clients whose client.id begins so\n"
        "  --title TEXT          above it\n"
        "  --theme light|dark    the colours; without it as the reader's browser is set\n"
        "  --format text         a line for each request and event instead; --all: also Metadata and the like\n"
        "\n"
        "Exit status: 0 done, 2 usage, or a file that is no log. docs/timeline.md says more.\n",
        to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

static int complain(const char *sentence)
{
    fprintf(stderr, "millrace timeline: %s\n", sentence);
    return CLI_USAGE;
}

/* Seconds since the begin, as an instant; false after a message. */
static bool instant_read(const struct timeline_command *c, const char *option, const char *text, int64_t otherwise,
                         int64_t *out)
{
    int64_t ns;
    *out = otherwise;
    if (!text) return true;
    if (!text_to_decimal(slice_str(text), SECONDS_SCALE, &ns) || ns < 0) {
        fprintf(stderr, "millrace timeline: %s: \"%s\" is no number of seconds like 2.5\n", option, text);
        return false;
    }
    *out = c->timeline.begin_ns + ns;
    return true;
}

static bool theme_read(const char *text, enum svg_theme *out)
{
    static const char *const names[] = {"auto", "light", "dark"};
    *out = SVG_AUTO;
    for (int i = 0; text && i < 3; i++) {
        *out = (enum svg_theme)i;
        if (strcmp(names[i], text) == 0) return true;
    }
    if (text) fprintf(stderr, "millrace timeline: --theme: \"%s\" is none of light, dark and auto\n", text);
    return !text;
}

/* The names of --lanes, NULL-terminated. */
static bool lanes_read(struct timeline_command *c)
{
    char *rest = c->lanes ? arena_str(&c->arena, slice_str(c->lanes)) : NULL, *name;
    int count = 0;
    while ((name = strsep(&rest, ",")) != NULL) {
        if (count == LANES_MAX) return complain("--lanes: more than 32 names"), false;
        if (*name) c->wanted[count++] = name;
    }
    return true;
}

/* With room for what is at the very edges; --from and --to are kept to. */
static void margins(const struct timeline_command *c, struct layout_options *o)
{
    int64_t edge_ns = (o->to_ns - o->from_ns) / 50;
    if (!c->from) o->from_ns -= edge_ns / 2;
    if (!c->to) o->to_ns += edge_ns;
}

static int written(const struct buf *svg, const char *path)
{
    FILE *f = path ? fopen(path, "w") : stdout;
    bool good = f && fwrite(svg->p, 1, svg->n, f) == svg->n;
    if (f && path) good = fclose(f) == 0 && good;
    if (good) return CLI_OK;
    fprintf(stderr, "millrace timeline: %s: %s\n", path ? path : "standard output", strerror(errno));
    return CLI_USAGE;
}

static int draw(struct timeline_command *c, struct layout_options *options, enum svg_theme theme)
{
    struct layout layout;
    struct err_text error = {""};
    struct buf svg = {0};
    int status = CLI_OK;
    options->lanes = c->wanted[0] ? c->wanted : NULL;
    options->title = c->title ? c->title : "What happened";
    margins(c, options);
    if (layout_make(&layout, &c->timeline, options, &error) < 0) {
        status = complain(error.text);
    } else {
        timeline_svg(&layout, theme, &svg);
        status = written(&svg, c->out);
    }
    layout_release(&layout);
    buf_release(&svg);
    return status;
}

static int run(struct timeline_command *c, bool text, enum svg_theme theme)
{
    struct timeline *t = &c->timeline;
    struct layout_options options = {0};
    struct err_text error = {""};
    for (int i = 0; i < FILES_MAX && c->files[i]; i++)
        if (timeline_read(t, c->files[i], &error) < 0) return complain(error.text);
    timeline_settle(t);
    if (!instant_read(c, "--from", c->from, t->begin_ns, &options.from_ns)) return CLI_USAGE;
    if (!instant_read(c, "--to", c->to, t->end_ns, &options.to_ns)) return CLI_USAGE;
    if (options.to_ns < options.from_ns) return complain("--to is before --from, or before the run begins");
    if (!text) return draw(c, &options, theme);
    timeline_text(t, options.from_ns, options.to_ns, c->all, stdout);
    return CLI_OK;
}

int cli_timeline(int argc, char **argv)
{
    struct timeline_command c = {.files = {NULL}};
    enum svg_theme theme;
    const struct client_option options[] = {{"--out", &c.out, NULL},       {"--from", &c.from, NULL},
                                            {"--to", &c.to, NULL},         {"--lanes", &c.lanes, NULL},
                                            {"--title", &c.title, NULL},   {"--theme", &c.theme, NULL},
                                            {"--format", &c.format, NULL}, {"--all", NULL, &c.all},
                                            {"--help", NULL, &c.help},     {0}};
    if (!client_arguments("timeline", argc, argv, options, c.files, FILES_MAX)) return CLI_USAGE;
    if (c.help) return usage(stdout);
    if (!c.files[0]) return usage(stderr);
    bool text = c.format && strcmp(c.format, "text") == 0;
    if (c.format && !text && strcmp(c.format, "svg") != 0) return complain("--format is svg or text");
    if (c.all && !text) return complain("--all goes with --format text");
    if (!theme_read(c.theme, &theme) || !lanes_read(&c)) return CLI_USAGE;
    timeline_init(&c.timeline);
    int status = run(&c, text, theme);
    timeline_release(&c.timeline);
    arena_release(&c.arena);
    return status;
}
