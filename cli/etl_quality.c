/* etl_quality.c - `millrace etl quality DEFINITION --in DIR`: what the data is like, and what has changed. */
#include "cli/etl_quality.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/unknown.h"
#include "etl/quality/quality.h"
#include "lib/base/text.h"

enum { DRIFTED = 1, PERCENT_DECIMALS = 6 };

struct options {
    const char *definition, *in, *format, *out, *against, *drift;
    double threshold; /* a share; negative: none */
};

static int usage(FILE *to)
{
    fputs("usage: millrace etl quality DEFINITION --in DIR [--format text|json|html] [--out FILE]\n"
          "                            [--against EARLIER.json [--drift N%]]\n"
          "\n"
          "Reads and judges every record as `etl run` would, writes to no database, and says what the data is like:\n"
          "per column rows, NULLs, texts that do not fit, distinct values, smallest and largest, most frequent ones;\n"
          "per rule violations with examples, and how many records it rejects.\n"
          "  --format F       text for a terminal (as it is without), json for programs, html for a browser\n"
          "  --out FILE       there instead of on standard output\n"
          "  --against FILE   compares with an earlier report in JSON\n"
          "  --drift N%       status 1 when a change is larger: relative in rows, distinct values, and the range of\n"
          "                   values; in points of a share; a new, missing or retyped column always\n"
          "Exit status: 0 done, 1 drift beyond N%, 2 usage, definition or I/O.\n",
          to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

static int output_write(const char *path, const struct buf *text)
{
    FILE *file = path ? fopen(path, "wb") : stdout;
    bool good = file && fwrite(text->p, 1, text->n, file) == text->n;
    if (!path) return CLI_OK; /* main.c sees whether all of it went out */
    if (file && fclose(file) != 0) good = false;
    if (good) return CLI_OK;
    fprintf(stderr, "millrace etl quality: %s: cannot be written: %s\n", path, strerror(errno));
    return CLI_USAGE;
}

static int json_append(const char *p, size_t n, void *out)
{
    buf_append(out, p, n);
    return 0;
}

static int report_write(const json_t *report, const struct options *o)
{
    struct buf text = {0};
    if (strcmp(o->format, "json") == 0) {
        json_dump_callback(report, json_append, &text, JSON_INDENT(1));
        buf_append_byte(&text, '\n');
    } else if (strcmp(o->format, "html") == 0)
        quality_html(report, &text);
    else
        quality_text(report, &text);
    int status = output_write(o->out, &text);
    buf_release(&text);
    return status;
}

static int quality(const struct options *o)
{
    struct err_text error = {0};
    json_t *report = NULL, *earlier = NULL;
    int exceeding = 0;
    int result = o->against ? quality_load(o->against, &earlier, &error) : 0;
    if (result == 0) result = quality_measure(o->definition, o->in, &report, &error);
    if (result == 0 && earlier) exceeding = quality_drift(report, earlier, o->against, o->threshold);
    int status = result == 0 ? report_write(report, o) : CLI_USAGE;
    if (result != 0) fprintf(stderr, "millrace etl quality: %s\n", error.text);
    if (status == CLI_OK && exceeding > 0) {
        fprintf(stderr, "millrace etl quality: %d changes exceed --drift %s\n", exceeding, o->drift);
        status = DRIFTED;
    }
    json_decref(earlier);
    json_decref(report);
    return status;
}

static bool percent_read(const char *text, double *out)
{
    size_t n = strlen(text);
    int64_t millionths;
    if (n < 2 || text[n - 1] != '%' || !text_to_decimal(slice_of(text, n - 1), PERCENT_DECIMALS, &millionths))
        return false;
    *out = (double)millionths / 1e8;
    return millionths >= 0;
}

/* The sentence about what is wrong with them, or NULL. */
static const char *options_check(struct options *o)
{
    static const char *const formats[] = {"text", "json", "html"};
    bool known = false;
    for (size_t i = 0; i < 3; i++) known = known || strcmp(o->format, formats[i]) == 0;
    if (!o->definition) return "DEFINITION is missing";
    if (!o->in) return "--in DIR is missing";
    if (!known) return "--format must be text, json or html";
    if (o->drift && !o->against) return "--drift needs --against";
    if (o->drift && !percent_read(o->drift, &o->threshold)) return "--drift must be a share, like 10%";
    return NULL;
}

int cli_etl_quality(int argc, char **argv)
{
    struct options o = {.format = "text", .threshold = -1};
    const struct {
        const char *name, **value;
    } known[] = {
        {"--in", &o.in}, {"--format", &o.format}, {"--out", &o.out}, {"--against", &o.against}, {"--drift", &o.drift}};
    for (int i = 1; i < argc; i++) {
        const char **option = NULL;
        if (strcmp(argv[i], "--help") == 0) return usage(stdout);
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            if (strcmp(argv[i], known[k].name) == 0) option = known[k].value;
        if (option && i + 1 < argc)
            *option = argv[++i];
        else if (argv[i][0] != '-' && !o.definition)
            o.definition = argv[i];
        else {
            return cli_unknown("etl quality", argv[i], usage);
        }
    }
    const char *wrong = options_check(&o);
    if (!wrong) return quality(&o);
    fprintf(stderr, "millrace etl quality: %s\n", wrong);
    return usage(stderr);
}
