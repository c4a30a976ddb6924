/* millrace broker [--config FILE] [-o key=value ...] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/node/config.h"
#include "broker/server/server.h"
#include "cli/cli.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"

static const char usage[] =
    "usage: millrace broker [--config FILE] [-o KEY=VALUE ...]\n"
    "\n"
    "  --config FILE   a server.properties with Kafka's keys\n"
    "  -o KEY=VALUE    one key; goes before the file\n"
    "\n"
    "Prints `ready HOST:PORT` on standard output when it accepts connections; everything else goes to\n"
    "standard error. SIGTERM ends it cleanly. Keys that matter most:\n"
    "\n"
    "  listeners=PLAINTEXT://127.0.0.1:9092   port 0 takes a free one\n"
    "  log.dirs=/tmp/kafka-logs               one directory; an empty one is formatted\n"
    "  num.partitions=1                       of topics that are made without saying\n"
    "  log.flush.interval.messages=1          acknowledge only what is synced (group commit)\n"
    "  log.flush.interval.ms=N                sync every N ms, acknowledge before\n";

static int file_read(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    if (!f) return ERR_NOTFOUND;
    enum { CHUNK = 65536, FILE_BYTES_MAX = 16 * 1024 * 1024 };
    size_t n;
    do {
        n = fread(buf_reserve(out, CHUNK), 1, CHUNK, f);
        out->n += n;
    } while (n > 0 && out->n < FILE_BYTES_MAX);
    int rc = ferror(f) ? ERR_IO : out->n >= FILE_BYTES_MAX ? ERR_RANGE : 0;
    fclose(f);
    return rc;
}

static int config_file_add(struct properties *p, const char *path, struct err_text *error)
{
    struct buf text = {0};
    int rc = file_read(path, &text);
    if (rc == 0)
        rc = properties_parse(p, buf_slice(&text), path, error);
    else
        err_set(error, rc, "cannot read %s: %s", path, err_words(rc));
    buf_release(&text);
    return rc;
}

static int option_add(struct properties *p, const char *option, struct err_text *error)
{
    const char *equals = strchr(option, '=');
    if (!equals || equals == option) return err_set(error, ERR_INVALID, "-o %s: must be KEY=VALUE", option);
    char *key = memory_copy(option, (size_t)(equals - option));
    properties_set(p, key, equals + 1, "-o", 0);
    free(key);
    return 0;
}

/* The file first, so that -o wins wherever it stands. */
static int arguments_read(int argc, char **argv, struct properties *p, struct err_text *error)
{
    int rc = 0;
    for (int pass = 0; pass < 2 && rc == 0; pass++) {
        for (int i = 1; i < argc && rc == 0; i++) {
            bool is_config = strcmp(argv[i], "--config") == 0, is_option = strcmp(argv[i], "-o") == 0;
            if (!is_config && !is_option) return err_set(error, ERR_INVALID, "unknown argument \"%s\"", argv[i]);
            if (i + 1 == argc) return err_set(error, ERR_INVALID, "%s needs a value", argv[i]);
            i++;
            if (is_config && pass == 0) rc = config_file_add(p, argv[i], error);
            if (is_option && pass == 1) rc = option_add(p, argv[i], error);
        }
    }
    return rc;
}

static void warn(void *context, const char *line)
{
    (void)context;
    log_warn("config", "%s", line);
}

int cli_broker(int argc, char **argv)
{
    struct properties properties = {0};
    struct node_config config;
    struct err_text error = {0};
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return CLI_OK;
    }
    int rc = arguments_read(argc, argv, &properties, &error);
    if (rc == 0) rc = node_config_load(&config, &properties, warn, NULL, &error);
    if (rc < 0) {
        properties_release(&properties);
        fprintf(stderr, "millrace broker: %s\n", error.text);
        return CLI_USAGE;
    }
    rc = server_run(&config, &error);
    node_config_release(&config);
    if (rc == 0) return CLI_OK;
    fprintf(stderr, "millrace broker: %s\n", error.text[0] ? error.text : err_words(rc));
    return CLI_USAGE;
}
