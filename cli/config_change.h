/* config_change.h - configs of a topic or of brokers, told and altered: what `config` and `topic` share. */
#ifndef MILLRACE_CLI_CONFIG_CHANGE_H
#define MILLRACE_CLI_CONFIG_CHANGE_H

#include "cli/ask.h"

typedef struct describe_configs_response_describe_configs_result config_result;
typedef struct describe_configs_response_describe_configs_resource_result config_line;

/* All configs of a resource, by name; NULL after a message. `name`: a topic, a broker's id, "" for every broker. */
const config_result *configs_fetch(struct ask *a, int8_t resource_type, const char *name);
/* "DYNAMIC_TOPIC_CONFIG" and the like. */
const char *config_source_name(int8_t source);
/* {"value":...,"source":...,"read_only":...,"type":...,"synonyms":[...]} */
void config_json(const config_line *line, struct buf *out);

enum { CONFIG_CHANGES_MAX = 128 };

struct config_changes {
    struct incremental_alter_configs_request_alterable_config items[CONFIG_CHANGES_MAX];
    int count;
};

/* Takes every "OPTION key=value" (DELETE: "OPTION key") out of the arguments. False after a message. */
bool config_changes_take(const char *command, const char *option, int8_t operation, int *argc, char **argv,
                         struct config_changes *out);
/* "key=value"; false after a message. The text is cut at the '='. */
bool config_changes_add(const char *command, char *text, int8_t operation, struct config_changes *out);
/* IncrementalAlterConfigs; false after a message. */
bool configs_alter(struct ask *a, int8_t resource_type, const char *name, const struct config_changes *changes,
                   bool validate_only);

#endif
