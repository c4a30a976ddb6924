/* es_serve.c - `millrace es serve`: a request a line, an answer a line, in one process with warm connections. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/es.h"

static json_t *failure(const char *why)
{
    return json_pack("{s:b, s:o}", "ok", 0, "error", es_sentence_value(why));
}

static json_t *answer_of(const struct es_command *c, const json_t *request)
{
    struct err_text error = {""};
    json_t *answer = NULL;
    if (es_request(c->store, request, &answer, &error) != 0) return failure(error.text);
    json_object_set_new(answer, "ok", json_true());
    return answer;
}

static void line_answer(const struct es_command *c, const char *line, size_t n)
{
    json_error_t wrong;
    json_t *request = json_loadb(line, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &wrong);
    json_t *answer = request ? answer_of(c, request) : failure(wrong.text);
    json_t *echo = json_object_get(request, "request");
    if (echo) json_object_set(answer, "request", echo);
    es_print_line(answer);
    json_decref(request);
}

int es_serve_command(struct es_command *c)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t n;
    int status = CLI_OK;
    printf("{\"ok\":true,\"ready\":true,\"topic\":\"%s\",\"partitions\":%d}\n", c->topic, es_partitions(c->store));
    fflush(stdout);
    while (!ferror(stdout) && (n = getline(&line, &capacity, stdin)) >= 0) {
        if (strspn(line, " \t\r\n") == (size_t)n) continue;
        line_answer(c, line, (size_t)n);
        fflush(stdout);
    }
    if (ferror(stdin)) {
        fprintf(stderr, "millrace %s: standard input: %s\n", c->name, strerror(errno));
        status = CLI_USAGE;
    }
    free(line);
    return status;
}
