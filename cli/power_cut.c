/* power_cut.c - `millrace power-cut DIR`: what the power takes from a broker that was killed.
 *
 * kill -9 leaves the page cache; this makes the directory look as if the power had failed at that moment
 * (lib/os/power_cut.h, docs/formats/power-loss-journal.md). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "broker/server/data_dir.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "lib/base/text.h"
#include "lib/os/clock.h"
#include "lib/os/power_cut.h"

struct arguments {
    const char *dir;
    bool json;
    struct power_cut_options options;
};

static int usage(FILE *to)
{
    fputs("usage: millrace power-cut [--torn] [--seed N] [--dry-run] [--format text|json] DIR\n"
          "\n"
          "Takes from the data directory of a broker that was killed what a power cut would have taken at that\n"
          "moment: every file is cut to its synced length, and names whose directory was not synced go back.\n"
          "--torn keeps some of it, by lot: up to any byte or sector, with sectors of zeros in between. A seed\n"
          "repeats the lots (the one that was drawn is told). --dry-run changes nothing and tells what would go.\n"
          "One line for each loss, then a sum. The exit status is 1 while a broker runs there, 2 when nothing is\n"
          "known of the directory.\n",
          to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

static void line_text(const struct power_loss *l)
{
    if (strcmp(l->what, "cut") != 0) {
        printf("%s %s%s%s: not synced, undone\n", l->path, l->what, l->to[0] ? " to " : "", l->to);
        return;
    }
    printf("%s cut: %" PRIu64 " of %" PRIu64 " bytes stay, %" PRIu64 " were synced", l->path, l->after, l->before,
           l->synced);
    printf(l->zeroed ? ", %d sectors are zeros\n" : "\n", l->zeroed);
}

static void line_json(const struct power_loss *l)
{
    struct buf out = {0};
    buf_printf(&out, "{\"what\":\"%s\",\"path\":", l->what);
    text_json_string(slice_str(l->path), &out);
    if (strcmp(l->what, "cut") == 0) {
        buf_printf(&out, ",\"before\":%" PRIu64 ",\"synced\":%" PRIu64 ",\"after\":%" PRIu64 ",\"zeroed\":%d",
                   l->before, l->synced, l->after, l->zeroed);
    } else if (l->to[0]) {
        buf_append_str(&out, ",\"to\":");
        text_json_string(slice_str(l->to), &out);
    }
    printf("%s}\n", buf_cstr(&out));
    buf_release(&out);
}

static void line(void *context, const struct power_loss *loss)
{
    const struct arguments *a = context;
    if (a->json)
        line_json(loss);
    else
        line_text(loss);
}

static void sum(const struct arguments *a, const struct power_cut_report *r)
{
    if (a->json) {
        printf("{\"what\":\"sum\",\"files\":%d,\"bytes\":%" PRIu64 ",\"names\":%d,\"zeroed\":%d,\"seed\":%" PRIu64
               "}\n",
               r->files, r->bytes, r->names, r->sectors, a->options.seed);
        return;
    }
    printf("%s: %d files lost %" PRIu64 " bytes, %d names were undone", a->dir, r->files, r->bytes, r->names);
    if (a->options.torn) printf(", %d sectors are zeros; seed %" PRIu64, r->sectors, a->options.seed);
    printf(a->options.pretend ? " (nothing was changed)\n" : "\n");
}

/* 0, or the status to end with. */
static int arguments_read(int argc, char **argv, struct arguments *a, bool *help)
{
    const char *dirs[2] = {0}, *seed = NULL, *format = "text";
    const struct client_option options[] = {
        {"--torn", NULL, &a->options.torn},
        {"--dry-run", NULL, &a->options.pretend},
        {"--seed", &seed, NULL},
        {"--format", &format, NULL},
        {"--help", NULL, help},
        {0},
    };
    int64_t number = 0;
    if (!client_arguments("power-cut", argc, argv, options, dirs, 1)) return CLI_USAGE;
    if (*help) return 0;
    if (seed && !client_number("power-cut", "--seed", seed, 0, &number)) return CLI_USAGE;
    if (seed) a->options.seed = (uint64_t)number;
    if (!client_format("power-cut", format, &a->json)) return CLI_USAGE;
    a->dir = dirs[0];
    return a->dir ? 0 : usage(stderr);
}

static int cut(struct arguments *a, struct err_text *error)
{
    struct data_dir dir;
    struct stat st;
    struct power_cut_report report;
    if (stat(a->dir, &st) != 0 || !S_ISDIR(st.st_mode)) return err_set(error, ERR_NOTFOUND, "no such directory");
    int rc = data_dir_open(&dir, a->dir, NULL);
    if (rc == ERR_LOCKED) return err_set(error, rc, "a broker runs there: kill it, then cut its power");
    if (rc < 0) return err_set(error, rc, "cannot be opened: %s", err_words(rc));
    rc = power_cut(dir.directory, &a->options, &report, error);
    data_dir_close(&dir);
    if (rc == 0) sum(a, &report);
    return rc;
}

int cli_power_cut(int argc, char **argv)
{
    struct arguments a = {.options = {.seed = (uint64_t)clock_wall_ms(), .each = line}};
    struct err_text error = {""};
    bool help = false;
    int rc = arguments_read(argc, argv, &a, &help);
    if (rc != 0) return rc;
    if (help) return usage(stdout);
    a.options.context = &a;
    rc = cut(&a, &error);
    if (rc == 0) return CLI_OK;
    fprintf(stderr, "millrace power-cut: %s: %s\n", a.dir, error.text);
    return rc == ERR_LOCKED ? CLI_DIFFERENCE : CLI_USAGE;
}
