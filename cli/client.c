#include "cli/client.h"
#include "etl/document.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

static const struct client_option *find(const struct client_option *options, const char *name)
{
    for (; options->name; options++)
        if (strcmp(options->name, name) == 0) return options;
    return NULL;
}

static void unknown_say(const char *command, const char *given, const struct client_option *options)
{
    enum { OPTIONS_MAX = 64 };
    const char *names[OPTIONS_MAX + 1] = {NULL};
    for (int i = 0; i < OPTIONS_MAX && options[i].name; i++) names[i] = options[i].name;
    const char *near = given[0] == '-' ? name_nearest(given, names) : NULL;
    fprintf(stderr, "millrace %s: unexpected argument \"%s\"%s%s%s\n", command, given, near ? "; did you mean \"" : "",
            near ? near : "", near ? "\"?" : "");
}

bool client_arguments(const char *command, int argc, char **argv, const struct client_option *options,
                      const char **positional, int positional_max)
{
    int taken = 0;
    for (int i = 1; i < argc; i++) {
        const struct client_option *o = argv[i][0] == '-' ? find(options, argv[i]) : NULL;
        if (o && o->flag) {
            *o->flag = true;
        } else if (o && i + 1 < argc) {
            *o->text = argv[++i];
        } else if (o) {
            fprintf(stderr, "millrace %s: %s needs a value\n", command, argv[i]);
            return false;
        } else if (argv[i][0] != '-' && taken < positional_max) {
            positional[taken++] = argv[i];
        } else {
            unknown_say(command, argv[i], options);
            return false;
        }
    }
    return true;
}

bool client_number(const char *command, const char *option, const char *text, int64_t min, int64_t *out)
{
    if (text_to_i64(slice_str(text), out) && *out >= min) return true;
    fprintf(stderr, "millrace %s: %s: \"%s\" is not a whole number of at least %lld\n", command, option, text,
            (long long)min);
    return false;
}

bool client_format(const char *command, const char *text, bool *json)
{
    *json = text && strcmp(text, "json") == 0;
    if (!text || *json || strcmp(text, "text") == 0) return true;
    fprintf(stderr, "millrace %s: --format: \"%s\" is neither text nor json\n", command, text);
    return false;
}

rd_kafka_t *client_handle(const char *command, rd_kafka_type_t type, rd_kafka_conf_t *conf, const char *bootstrap)
{
    char why[512];
    rd_kafka_t *rk = NULL;
    if (rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, why, sizeof why) == RD_KAFKA_CONF_OK)
        rk = rd_kafka_new(type, conf, why, sizeof why);
    if (rk) return rk;
    rd_kafka_conf_destroy(conf);
    fprintf(stderr, "millrace %s: %s\n", command, why);
    return NULL;
}
