/* es.h - what the parts of `millrace es` share: options, the store, an answer printed. */
#ifndef MILLRACE_CLI_ES_H
#define MILLRACE_CLI_ES_H

#include <stdbool.h>

#include "cli/client.h"
#include "etl/eventstore/request.h"

struct es_command {
    const char *name; /* "es append", for messages */
    const char *topic, *bootstrap, *format, *partitions;
    const char *stream, *type, *data; /* arguments without a name */
    const char *expected, *id, *schema, *correlation, *causation, *by, *compensates, *domain, *file, *shop;
    const char *from, *to, *until, *fold, *version, *without, *db;
    bool alone, refused, steps, no_snapshot, follow, rebuild, help, json;
    struct es_store *store;
};

/* "millrace es append: sentence"; gives CLI_USAGE. */
int es_complain(const struct es_command *c, const struct err_text *error);

/* Adds a member unless the text is NULL; a number must be one: false after a message. */
void es_put_text(json_t *o, const char *key, const char *text);
bool es_put_number(const struct es_command *c, json_t *o, const char *key, const char *option, const char *text);
/* --version and --until. */
bool es_put_range(const struct es_command *c, json_t *o);
/* Asks; NULL after a message. */
json_t *es_ask(const struct es_command *c, json_t *request);
/* Prints as one line; takes the value. */
void es_print_line(json_t *value);

/* As it is, without a line end; NULL: nothing. */
void es_print_value(const json_t *value);

/* Each gives the exit status. */
int es_append_command(struct es_command *c);
int es_shop_append(const struct es_command *c); /* --shop DIR */
int es_compensate_command(struct es_command *c);
int es_read_command(struct es_command *c);
int es_list_command(struct es_command *c);
int es_fold_command(struct es_command *c);
int es_snapshot_command(struct es_command *c);
int es_replay_command(struct es_command *c);
int es_history_command(struct es_command *c);
int es_project_command(struct es_command *c);
int es_serve_command(struct es_command *c);

#endif
