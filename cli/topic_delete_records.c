/* `millrace topic delete-records`: the log of a partition starts later from now on. */
#include "cli/topic_delete_records.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/admin_client.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/partitions.h"
#include "lib/base/text.h"

static const char command[] = "topic delete-records";

static int usage(FILE *to)
{
    fputs("usage: millrace topic delete-records TOPIC[:PARTITION,...] --before OFFSET|end [--format text|json]\n"
          "                                     [--bootstrap HOST:PORT]\n",
          to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

static int fail(const char *topic, const char *what)
{
    fprintf(stderr, "millrace %s: %s: %s\n", command, topic, what);
    return CLI_USAGE;
}

static int results_show(const rd_kafka_topic_partition_list_t *list, bool json)
{
    int status = CLI_OK;
    if (!json) printf("%-40s %9s %15s\n", "TOPIC", "PARTITION", "LOG-START");
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &list->elems[i];
        if (p->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            status = fail(p->topic, rd_kafka_err2str(p->err));
        else if (json)
            printf("{\"topic\":\"%s\",\"partition\":%d,\"log_start\":%" PRId64 "}\n", p->topic, p->partition,
                   p->offset);
        else
            printf("%-40s %9d %15" PRId64 "\n", p->topic, p->partition, p->offset);
    }
    return status;
}

static int delete_before(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, bool json)
{
    struct admin a;
    rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(list);
    admin_begin(&a, command, rk, RD_KAFKA_ADMIN_OP_DELETERECORDS);
    rd_kafka_DeleteRecords(rk, &request, 1, a.options, a.queue);
    rd_kafka_event_t *event = admin_answer(&a);
    int status = CLI_USAGE;
    if (event)
        status = results_show(rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event)), json);
    admin_end(&a);
    rd_kafka_DeleteRecords_destroy(request);
    return status;
}

int topic_delete_records(int argc, char **argv)
{
    const char *bootstrap = CLIENT_BOOTSTRAP_DEFAULT, *before = NULL, *format = NULL, *topic = NULL;
    bool help = false, json;
    int64_t offset = RD_KAFKA_OFFSET_END;
    const struct client_option options[] = {{"--bootstrap", &bootstrap, NULL},
                                            {"--before", &before, NULL},
                                            {"--format", &format, NULL},
                                            {"--help", NULL, &help},
                                            {NULL, NULL, NULL}};
    if (!client_arguments(command, argc, argv, options, &topic, 1)) return usage(stderr);
    if (help) return usage(stdout);
    if (!topic || !before) return usage(stderr);
    if (!client_format(command, format, &json)) return CLI_USAGE;
    if (strcmp(before, "end") != 0 && !client_number(command, "--before", before, 0, &offset)) return CLI_USAGE;
    rd_kafka_t *rk = client_handle(command, RD_KAFKA_PRODUCER, rd_kafka_conf_new(), bootstrap);
    if (!rk) return CLI_USAGE;
    const char *why = NULL;
    rd_kafka_topic_partition_list_t *list = partitions_of(rk, topic, &why);
    int status = list ? CLI_OK : fail(topic, why);
    for (int i = 0; list && i < list->cnt; i++) list->elems[i].offset = offset;
    if (list) status = delete_before(rk, list, json);
    if (list) rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
    return status;
}
