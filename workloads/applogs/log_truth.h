/* log_truth.h - the answers of the application logs, counted while their entries are made.
 *
 *     log_truth_init -> log_truth_entry in the order of time, log_truth_request when one is over -> log_truth_finish
 *
 *     records_by_source.csv rejected_by_rule.csv     of the sources text and json; a line of a stack trace is a record
 * of its own levels.csv                   entries by service and level errors_per_window.csv        tumbling, five
 * minutes: entries and errors of each service exceptions.csv               how often each was the first of a stack
 * trace loggers.csv                  entries, errors, first and last instant requests_by_services.csv     how many
 * requests were seen in exactly n services stack_lines.csv              lines of stack traces by service (text only: in
 * JSON they are part of the entry) summary.json */
#ifndef MILLRACE_WORKLOADS_APPLOGS_LOG_TRUTH_H
#define MILLRACE_WORKLOADS_APPLOGS_LOG_TRUTH_H

#include "workloads/out_file.h"

enum { SERVICES = 6, TEXT_SERVICES = 4, LOGGERS = 3, EXCEPTIONS = 8, LOG_WINDOW_S = 300 };
enum log_source { LOG_TEXT, LOG_JSON, LOG_SOURCES };
enum level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR, LEVELS };

/* The first rule that a record breaks; each source has some of them. */
enum log_fate { LOG_ACCEPTED, LOG_FORMAT, LOG_NOT_UNDERSTOOD, LOG_BAD_TIME, LOG_UNKNOWN_LEVEL, LOG_FATES };

struct entry {
    int64_t time; /* seconds since 1970 */
    int service;
    int logger; /* of the service */
    enum level level;
    int exception; /* -1: none */
};

struct request {
    uint64_t id;
    uint64_t services; /* a bit for each */
    uint64_t entries, errors;
    int64_t first, last;
};

struct log_span {
    uint64_t entries, errors;
    int64_t first, last;
};

struct log_truth {
    struct disk *disk;
    struct err_text *why;
    struct out_file windows;
    int64_t window; /* the open one's number */
    struct log_span in_window[SERVICES], by_logger[SERVICES][LOGGERS];
    uint64_t level[SERVICES][LEVELS], exception[EXCEPTIONS], stack_lines[SERVICES];
    uint64_t requests[SERVICES + 1], failed[SERVICES + 1], of_requests[SERVICES + 1];
    uint64_t longest_s, seconds;
    uint64_t fate[LOG_SOURCES][LOG_FATES];
};

const char *service_name(int service);
const char *level_name(enum level l);
const char *exception_name(int exception);
void put_logger(struct buf *b, int service, int logger);

void log_truth_init(struct log_truth *t, struct disk *disk, struct err_text *why);
/* An accepted entry; `request` (NULL: of none) is brought up to date too. */
void log_truth_entry(struct log_truth *t, const struct entry *e, struct request *request);
static inline enum log_source log_source_of(int service)
{
    return service < TEXT_SERVICES ? LOG_TEXT : LOG_JSON;
}
static inline void log_truth_fate(struct log_truth *t, int service, enum log_fate f)
{
    t->fate[log_source_of(service)][f]++;
}
void log_truth_stack_line(struct log_truth *t, int service);
void log_truth_request(struct log_truth *t, const struct request *r);
int log_truth_finish(struct log_truth *t);

#endif
