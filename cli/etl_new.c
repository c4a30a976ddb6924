/* etl_new.c - `millrace etl new FILE [--out DEFINITION]`: a definition for a sample, for a person to correct. */
#include "cli/etl_new.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/unknown.h"
#include "etl/draft/draft.h"

static int usage(FILE *to)
{
    fputs("usage: millrace etl new FILE [--out DEFINITION]\n"
          "\n"
          "Drafts a definition from a sample: CSV, NDJSON, JSON, XML, an access log or a SQLite database, gzip'd or "
          "not.\n"
          "Everything in it is a guess, and comments say what it goes by: correct it before you rely on it.\n"
          "  --out DEFINITION   a new file instead of standard output; one that is there stays as it is\n"
          "Exit status: 0 done, 2 usage, a file that gives no draft, or I/O.\n",
          to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

static int definition_write(const char *path, const struct buf *json)
{
    FILE *file = fopen(path, "wbx");
    bool good = file && fwrite(json->p, 1, json->n, file) == json->n;
    if (file && fclose(file) != 0) good = false;
    if (good) return CLI_OK;
    fprintf(stderr, "millrace etl new: %s: cannot be written: %s\n", path, strerror(errno));
    return CLI_USAGE;
}

static int draft(const char *sample, const char *out)
{
    struct buf json = {0};
    struct draft_result result;
    struct err_text error = {0};
    int status = CLI_OK;
    if (draft_file(sample, &json, &result, &error) != 0) {
        fprintf(stderr, "millrace etl new: %s\n", error.text);
        status = CLI_USAGE;
    } else if (out) {
        status = definition_write(out, &json);
    } else {
        fwrite(json.p, 1, json.n, stdout);
    }
    if (status == CLI_OK)
        fprintf(stderr, "millrace etl new: of %" PRIu64 " records this definition rejects %" PRIu64 "\n",
                result.records, result.rejected);
    buf_release(&json);
    return status;
}

int cli_etl_new(int argc, char **argv)
{
    const char *sample = NULL, *out = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return usage(stdout);
        if (strcmp(argv[i], "--out") == 0 && i + 1 < argc) {
            out = argv[++i];
        } else if (argv[i][0] != '-' && !sample) {
            sample = argv[i];
        } else {
            return cli_unknown("etl new", argv[i], usage);
        }
    }
    if (sample) return draft(sample, out);
    fputs("millrace etl new: FILE is missing\n", stderr);
    return usage(stderr);
}
