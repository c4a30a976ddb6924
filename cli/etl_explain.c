/* etl_explain.c - `millrace etl explain DEFINITION [--svg FILE]`: what a definition does, as a picture. */
#include "cli/etl_explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/unknown.h"
#include "etl/plan/plan.h"

enum { WIDTH_DEFAULT = 120 };

static int usage(FILE *to)
{
    fputs("usage: millrace etl explain DEFINITION [--svg FILE]\n"
          "\n"
          "Checks the definition and draws what reads from what: sources, tables, views, with their rules, keys and\n"
          "typed columns. Reads no data.\n"
          "  --svg FILE   as a drawing for a browser instead of a tree on standard output\n"
          "Exit status: 0 done, 2 usage, definition or I/O.\n",
          to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

static int terminal_width(void)
{
    struct winsize size;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col
                                                                                                : WIDTH_DEFAULT;
}

static int drawing_write(const char *path, const struct buf *svg)
{
    FILE *file = fopen(path, "wb");
    bool good = file && fwrite(svg->p, 1, svg->n, file) == svg->n;
    if (file && fclose(file) != 0) good = false;
    if (good) return CLI_OK;
    fprintf(stderr, "millrace etl explain: %s: cannot be written: %s\n", path, strerror(errno));
    return CLI_USAGE;
}

static int explain(const char *definition, const char *svg)
{
    struct plan *plan;
    struct err_text error = {0};
    struct buf out = {0};
    if (plan_load(definition, &plan, &error) != 0) {
        fprintf(stderr, "millrace etl explain: %s\n", error.text);
        return CLI_USAGE;
    }
    int status = CLI_OK;
    if (svg) {
        plan_svg(plan, &out);
        status = drawing_write(svg, &out);
    } else {
        plan_text(plan, terminal_width(), &out);
        fwrite(out.p, 1, out.n, stdout);
    }
    buf_release(&out);
    plan_free(plan);
    return status;
}

int cli_etl_explain(int argc, char **argv)
{
    const char *definition = NULL, *svg = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return usage(stdout);
        if (strcmp(argv[i], "--svg") == 0 && i + 1 < argc) {
            svg = argv[++i];
        } else if (argv[i][0] != '-' && !definition) {
            definition = argv[i];
        } else {
            return cli_unknown("etl explain", argv[i], usage);
        }
    }
    if (definition) return explain(definition, svg);
    fputs("millrace etl explain: DEFINITION is missing\n", stderr);
    return usage(stderr);
}
