/* request_parts.h - what the requests share (inside this folder only). */
#ifndef MILLRACE_ETL_EVENTs_REQUEST_PARTS_H
#define MILLRACE_ETL_EVENTs_REQUEST_PARTS_H

#include "etl/eventstore/request.h"

/* What most requests have. */
struct asked {
    const json_t *o;
    struct slice stream;
    const struct es_fold *fold;
    struct es_range range;
};

/* The members that most requests have, each with those before it: "stream"; "version", "until", "snapshot"; "fold". */
int asked_stream(struct asked *a, struct err_text *error);
int asked_range(struct asked *a, struct err_text *error);
int asked_fold(struct es_store *s, struct asked *a, struct err_text *error);

/* The operations. */
int request_read(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error);
int request_list(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error);
int request_fold(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error);
int request_replay(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error);
int request_snapshot(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error);
int request_state_snapshot(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error);
int request_newest_snapshot(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error);
int request_history(struct es_store *s, struct asked *a, json_t **answer, struct err_text *error);

#endif
