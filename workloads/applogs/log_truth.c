#include "workloads/applogs/log_truth.h"

#include <string.h>

#include "workloads/out_time.h"
#include "workloads/truth.h"

#define FOLDER "ground_truth/"

/* The first TEXT_SERVICES write lines of text, the others JSON. */
static const char *const services[SERVICES] = {"cart", "catalogue", "checkout", "gateway", "mailer", "payments"};
static const char *const levels[LEVELS] = {"DEBUG", "INFO", "WARN", "ERROR"};
static const char *const loggers[LOGGERS] = {"Api", "Store", "Worker"};
static const char *const exceptions[EXCEPTIONS] = {
    "java.net.SocketTimeoutException",
    "java.lang.NullPointerException",
    "java.sql.SQLTransientException",
    "java.lang.IllegalStateException",
    "java.io.IOException",
    "shop.OutOfStockException",
    "java.lang.NumberFormatException",
    "shop.payment.DeclinedException",
};
static const char *const fates[LOG_FATES] = {"", "format", "not_understood", "bad_time", "unknown_level"};

const char *service_name(int service)
{
    return services[service];
}
const char *level_name(enum level l)
{
    return levels[l];
}
const char *exception_name(int exception)
{
    return exceptions[exception];
}
void put_logger(struct buf *b, int service, int logger)
{
    buf_append_str(b, "shop.");
    buf_append_str(b, services[service]);
    buf_append_byte(b, '.');
    buf_append_str(b, loggers[logger]);
}

static void span_add(struct log_span *s, const struct entry *e)
{
    if (s->entries++ == 0) s->first = e->time;
    s->last = e->time;
    s->errors += e->level == LEVEL_ERROR;
}

static void window_end(struct log_truth *t)
{
    struct buf *b = &t->windows.pending;
    for (int i = 0; i < SERVICES; i++) {
        struct log_span *s = &t->in_window[i];
        if (s->entries == 0) continue;
        buf_append_str(b, services[i]);
        buf_append_byte(b, ',');
        out_stamp(b, t->window * LOG_WINDOW_S);
        buf_append_byte(b, ',');
        out_number(b, s->entries);
        buf_append_byte(b, ',');
        out_number(b, s->errors);
        buf_append_byte(b, '\n');
        *s = (struct log_span){0};
    }
    out_file_flush_when_full(&t->windows);
}

void log_truth_entry(struct log_truth *t, const struct entry *e, struct request *request)
{
    log_truth_fate(t, e->service, LOG_ACCEPTED);
    if (e->time / LOG_WINDOW_S != t->window) {
        window_end(t);
        t->window = e->time / LOG_WINDOW_S;
    }
    span_add(&t->in_window[e->service], e);
    span_add(&t->by_logger[e->service][e->logger], e);
    t->level[e->service][e->level]++;
    if (e->exception >= 0) t->exception[e->exception]++;
    if (!request) return;
    if (request->entries++ == 0) request->first = e->time;
    request->last = e->time;
    request->errors += e->level == LEVEL_ERROR;
    request->services |= UINT64_C(1) << e->service;
}

void log_truth_stack_line(struct log_truth *t, int service)
{
    log_truth_fate(t, service, LOG_ACCEPTED);
    t->stack_lines[service]++;
}

void log_truth_request(struct log_truth *t, const struct request *r)
{
    if (r->entries == 0) return;
    int n = __builtin_popcountll(r->services);
    t->requests[n]++;
    t->failed[n] += r->errors > 0;
    t->of_requests[n] += r->entries;
    t->seconds += (uint64_t)(r->last - r->first);
    if ((uint64_t)(r->last - r->first) > t->longest_s) t->longest_s = (uint64_t)(r->last - r->first);
}

void log_truth_init(struct log_truth *t, struct disk *disk, struct err_text *why)
{
    memset(t, 0, sizeof *t);
    t->disk = disk;
    t->why = why;
    truth_open(&t->windows, disk, why, FOLDER "errors_per_window.csv", "service,window_start,entries,errors\n");
}

/* --- the files that are written at the end --- */

static void put_count(struct buf *b, uint64_t n)
{
    buf_printf(b, ",%llu", (unsigned long long)n);
}

static void write_levels(struct log_truth *t, struct buf *b)
{
    buf_append_str(b, "service,level,entries\n");
    for (int s = 0; s < SERVICES; s++) {
        for (int l = 0; l < LEVELS; l++) {
            if (t->level[s][l] == 0) continue;
            buf_printf(b, "%s,%s", services[s], levels[l]);
            put_count(b, t->level[s][l]);
            buf_append_byte(b, '\n');
        }
    }
}

static void write_exceptions(struct log_truth *t, struct buf *b)
{
    buf_append_str(b, "exception,entries\n");
    for (int i = 0; i < EXCEPTIONS; i++) {
        if (t->exception[i]) buf_printf(b, "%s,%llu\n", exceptions[i], (unsigned long long)t->exception[i]);
    }
}

static void write_loggers(struct log_truth *t, struct buf *b)
{
    buf_append_str(b, "logger,entries,errors,first_at,last_at\n");
    for (int i = 0; i < SERVICES * LOGGERS; i++) {
        const struct log_span *s = &t->by_logger[i / LOGGERS][i % LOGGERS];
        if (s->entries == 0) continue;
        put_logger(b, i / LOGGERS, i % LOGGERS);
        put_count(b, s->entries);
        put_count(b, s->errors);
        buf_append_byte(b, ',');
        out_stamp(b, s->first);
        buf_append_byte(b, ',');
        out_stamp(b, s->last);
        buf_append_byte(b, '\n');
    }
}

static void write_requests(struct log_truth *t, struct buf *b)
{
    buf_append_str(b, "services,requests,failed,entries\n");
    for (int n = 1; n <= SERVICES; n++) {
        if (t->requests[n] == 0) continue;
        buf_printf(b, "%d", n);
        put_count(b, t->requests[n]);
        put_count(b, t->failed[n]);
        put_count(b, t->of_requests[n]);
        buf_append_byte(b, '\n');
    }
}

static void write_stack_lines(struct log_truth *t, struct buf *b)
{
    buf_append_str(b, "service,lines\n");
    for (int s = 0; s < SERVICES; s++) {
        if (t->stack_lines[s]) buf_printf(b, "%s,%llu\n", services[s], (unsigned long long)t->stack_lines[s]);
    }
}

static void write_records(struct log_truth *t, struct buf *b)
{
    static const char *const sources[LOG_SOURCES] = {"text", "json"};
    truth_put_records(b, &(struct truth_fates){sources, LOG_SOURCES, fates, LOG_FATES, t->fate[0]});
}

static void write_rejected(struct log_truth *t, struct buf *b)
{
    static const char *const sources[LOG_SOURCES] = {"text", "json"};
    truth_put_rejected(b, &(struct truth_fates){sources, LOG_SOURCES, fates, LOG_FATES, t->fate[0]});
}

static void write_summary(struct log_truth *t, struct buf *b)
{
    uint64_t entries = 0, errors = 0, lines = 0, requests = 0, failed = 0;
    for (int s = 0; s < SERVICES; s++) {
        for (int l = 0; l < LEVELS; l++) entries += t->level[s][l];
        errors += t->level[s][LEVEL_ERROR];
        lines += t->stack_lines[s];
    }
    for (int n = 1; n <= SERVICES; n++) {
        requests += t->requests[n];
        failed += t->failed[n];
    }
    buf_printf(b, "{\n \"entries\": %llu,\n \"errors\": %llu,\n \"stack_lines\": %llu", (unsigned long long)entries,
               (unsigned long long)errors, (unsigned long long)lines);
    buf_printf(b, ",\n \"requests\": %llu,\n \"failed_requests\": %llu", (unsigned long long)requests,
               (unsigned long long)failed);
    buf_printf(b, ",\n \"longest_request_s\": %llu,\n \"total_request_s\": %llu\n}\n", (unsigned long long)t->longest_s,
               (unsigned long long)t->seconds);
}

int log_truth_finish(struct log_truth *t)
{
    static const struct {
        const char *name;
        void (*write)(struct log_truth *t, struct buf *b);
    } tables[] = {{FOLDER "records_by_source.csv", write_records},
                  {FOLDER "rejected_by_rule.csv", write_rejected},
                  {FOLDER "levels.csv", write_levels},
                  {FOLDER "exceptions.csv", write_exceptions},
                  {FOLDER "loggers.csv", write_loggers},
                  {FOLDER "requests_by_services.csv", write_requests},
                  {FOLDER "stack_lines.csv", write_stack_lines},
                  {FOLDER "summary.json", write_summary}};
    struct out_file out, *files[] = {&t->windows, &out};
    window_end(t);
    out_file_init(&out, t->disk, t->why);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        out_file_open(&out, tables[i].name);
        tables[i].write(t, &out.pending);
        out_file_close(&out);
    }
    return truth_close(files, 2);
}
