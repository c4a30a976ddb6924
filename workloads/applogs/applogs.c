/* applogs.c - the logs of a shop's services, to be put together.
 *
 *     cart.log cart.log.1 cart.log.2.gz ...     text, rotated at midnight, numbered and compressed by logrotate
 *         2026-04-01 10:22:31,123 ERROR [pool-3] [r-00000123] shop.cart.Store - cannot save item 17
 *         java.net.SocketTimeoutException: no answer after 3000 ms
 *         <tab>at shop.cart.Store.save(Store.java:87)
 *         Caused by: java.io.IOException: connection reset
 *         <tab>at shop.cart.Store.write(Store.java:41)
 *     payments-2026-04-01.json                  a JSON object per line, levels spelt in many ways
 *         {"time":"2026-04-01T10:22:31.456Z","level":"warning","service":"payments","logger":"shop.payments.Api",
 *          "request":"r-00000123","message":"slow answer","stack":null}
 *
 * A request goes through some services; its id stands in the entries of all of them. The instant of a line follows
 * from its number, so time does not go back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "workloads/applogs/log_truth.h"
#include "workloads/generate.h"
#include "workloads/out_time.h"
#include "workloads/truth.h"

#define FIRST_DAY       20544 /* 2026-04-01 */
#define LINES_PER_DAY   100000
#define DAY_MS          INT64_C(86400000)
#define PROGRESS_EVENTS 65536

enum { OPEN_REQUESTS = 24, DAYS_MIN = 3 };

enum log_dirt {
    DIRT_TORN,
    DIRT_CUT,
    DIRT_BAD_TIME,
    DIRT_UNKNOWN_LEVEL,
    DIRT_ODD_LEVEL,
    DIRT_NO_REQUEST,
    DIRT_WARNING,
    DIRT_ERROR,
    DIRT_STACK,
    DIRT_COUNT,
};

static const struct dirt_kind kinds[DIRT_COUNT] = {
    [DIRT_TORN] = {"torn_line", 500, "the end of a line, whose begin another process wrote over (text)"},
    [DIRT_CUT] = {"cut_entry", 500, "an entry that was cut off: no JSON"},
    [DIRT_BAD_TIME] = {"bad_time", 1000, "an instant that is none (JSON)"},
    [DIRT_UNKNOWN_LEVEL] = {"unknown_level", 1000, "a level that nobody knows"},
    [DIRT_ODD_LEVEL] = {"odd_level", 200000, "a level that is spelt in another way: WARNING, warn, SEVERE, 40"},
    [DIRT_NO_REQUEST] = {"no_request", 50000, "an entry of no request"},
    [DIRT_WARNING] = {"warning", 40000, "an entry that warns"},
    [DIRT_ERROR] = {"error", 12000, "an entry that is an error"},
    [DIRT_STACK] = {"stack_trace", 600000, "a stack trace (of errors)"},
};

struct open_request {
    struct request seen;
    int service; /* where it is now */
    uint64_t steps_left;
};

struct applogs {
    const struct generate_options *options;
    struct random random;
    struct dirt_due dirt[DIRT_COUNT];
    struct log_truth truth;
    struct out_file out[SERVICES];
    int64_t open_day[SERVICES];
    int64_t days;
    uint64_t line, total;
    struct open_request request[OPEN_REQUESTS];
    uint64_t last_request;
    struct buf text;
    uint64_t bytes;
    int files;
};

static bool take(struct applogs *a, enum log_dirt kind)
{
    return dirt_take(&a->dirt[kind], &a->random);
}

/* --- files --- */

static void open_day(struct applogs *a, int service, int64_t day)
{
    struct out_file *o = &a->out[service];
    struct buf name = {0};
    out_file_close(o);
    buf_append_str(&name, service_name(service));
    if (log_source_of(service) == LOG_TEXT) {
        out_rotation(&name, ".log", a->days - 1 - day);
    } else {
        buf_append_byte(&name, '-');
        out_date(&name, FIRST_DAY + day);
        buf_append_str(&name, ".json");
    }
    out_file_open(o, buf_cstr(&name));
    buf_release(&name);
    a->open_day[service] = day;
}

static void write_line(struct applogs *a, int service, int64_t time_ms)
{
    int64_t day = time_ms / DAY_MS - FIRST_DAY;
    if (day != a->open_day[service]) open_day(a, service, day);
    buf_append_slice(&a->out[service].pending, buf_slice(&a->text));
    out_file_flush_when_full(&a->out[service]);
    buf_reset(&a->text);
    a->line++;
    if (a->line % PROGRESS_EVENTS == 0 && a->options->progress)
        a->options->progress(a->options->context, a->line, a->total);
}

/* --- text --- */

struct draft { /* an entry with its dirt */
    struct entry entry;
    int64_t time_ms;
    uint64_t request;  /* 0: none */
    const char *level; /* as it is written */
    bool bad_time;
    uint64_t number; /* in the message */
};

static const char *level_text(struct applogs *a, const struct entry *e, bool unknown)
{
    static const char *const odd[LOG_SOURCES][LEVELS][2] = {
        [LOG_TEXT] = {{"FINE", "TRACE"}, {"NOTICE", "INFORMATION"}, {"WARNING", "WRN"}, {"SEVERE", "FATAL"}},
        [LOG_JSON] = {{"debug", "20"}, {"info", "30"}, {"warning", "40"}, {"error", "50"}},
    };
    static const char *const no_levels[LOG_SOURCES][2] = {{"VERBOSITY", "X"}, {"loud", "99"}};
    enum log_source source = log_source_of(e->service);
    if (unknown) return no_levels[source][random_below(&a->random, 2)];
    if (take(a, DIRT_ODD_LEVEL)) return odd[source][e->level][random_below(&a->random, 2)];
    return level_name(e->level);
}

static void put_request(struct buf *b, uint64_t request)
{
    buf_append_str(b, "r-");
    out_padded(b, request, 8);
}

static void put_message(struct buf *b, const struct draft *d)
{
    static const char *const messages[LEVELS][4] = {
        {"cache has entries: ", "checked again: ", "state of queue: ", "bytes read: "},
        {"answered in ms: ", "item loaded: ", "connection to shard ", "batch of size "},
        {"slow answer, ms: ", "trying again, attempt ", "pool nearly full: ", "old client, version "},
        {"cannot save item ", "no answer from shard ", "gave up after attempts: ", "unexpected state "},
    };
    buf_append_str(b, messages[d->entry.level][d->number % 4]);
    out_number(b, d->number / 4);
}

static void put_text_entry(struct buf *b, const struct draft *d)
{
    out_stamp(b, d->time_ms / 1000);
    buf_append_byte(b, ',');
    out_padded(b, (uint64_t)(d->time_ms % 1000), 3);
    buf_append_byte(b, ' ');
    buf_append_str(b, d->level);
    buf_append_str(b, " [pool-");
    out_number(b, d->number % 8);
    buf_append_str(b, "] [");
    if (d->request)
        put_request(b, d->request);
    else
        buf_append_byte(b, '-');
    buf_append_str(b, "] ");
    put_logger(b, d->entry.service, d->entry.logger);
    buf_append_str(b, " - ");
    put_message(b, d);
    buf_append_byte(b, '\n');
}

static void put_exception(struct buf *b, const struct draft *d)
{
    buf_append_str(b, exception_name(d->entry.exception));
    buf_append_str(b, ": no answer after ");
    out_number(b, d->number % 5000);
    buf_append_str(b, " ms");
}

static void put_frame(struct buf *b, const struct draft *d, uint64_t depth)
{
    static const char *const methods[] = {"save", "load", "handle", "run", "call", "invoke"};
    buf_append_str(b, "\tat ");
    put_logger(b, d->entry.service, (int)(depth % LOGGERS));
    buf_printf(b, ".%s(%s.java:%d)", methods[(depth + d->number) % 6], service_name(d->entry.service),
               (int)(20 + (d->number + depth * 31) % 400));
}

static void put_json_entry(struct buf *b, const struct draft *d)
{
    static const char *const bad[] = {"yesterday", "2026-04-31T10:00:00.000Z"};
    bool number = d->level[0] >= '0' && d->level[0] <= '9';
    buf_append_str(b, "{\"time\":\"");
    if (d->bad_time) {
        buf_append_str(b, bad[d->number % 2]);
    } else {
        out_stampz(b, d->time_ms / 1000);
        b->n--; /* the Z comes behind the fraction */
        buf_append_byte(b, '.');
        out_padded(b, (uint64_t)(d->time_ms % 1000), 3);
        buf_append_byte(b, 'Z');
    }
    buf_printf(b, number ? "\",\"level\":%s" : "\",\"level\":\"%s\"", d->level);
    buf_append_str(b, ",\"service\":\"");
    buf_append_str(b, service_name(d->entry.service));
    buf_append_str(b, "\",\"logger\":\"");
    put_logger(b, d->entry.service, d->entry.logger);
    if (d->request) {
        buf_append_str(b, "\",\"request\":\"");
        put_request(b, d->request);
        buf_append_byte(b, '"');
    } else {
        buf_append_str(b, "\",\"request\":null");
    }
    buf_append_str(b, ",\"message\":\"");
    put_message(b, d);
    buf_append_str(b, "\",\"stack\":");
    if (d->entry.exception < 0) {
        buf_append_str(b, "null}\n");
        return;
    }
    buf_append_byte(b, '"');
    put_exception(b, d);
    buf_append_str(b, "\\n\\tat shop.Main.main(Main.java:17)\"}\n");
}

/* --- entries --- */

static void write_stack(struct applogs *a, const struct draft *d)
{
    uint64_t frames = 3 + random_below(&a->random, 8), cause = random_chance(&a->random, 1, 3) ? frames / 2 : frames;
    put_exception(&a->text, d);
    buf_append_byte(&a->text, '\n');
    for (uint64_t i = 0;; i++) {
        write_line(a, d->entry.service, d->time_ms);
        log_truth_stack_line(&a->truth, d->entry.service);
        if (i == frames || a->line >= a->total) return;
        if (i == cause)
            buf_append_str(&a->text, "Caused by: java.io.IOException: connection reset");
        else
            put_frame(&a->text, d, i);
        buf_append_byte(&a->text, '\n');
    }
}

static void write_text(struct applogs *a, const struct draft *d, bool unknown_level, struct request *of)
{
    put_text_entry(&a->text, d);
    bool torn = take(a, DIRT_TORN), stack = d->entry.exception >= 0;
    if (torn) { /* what is left begins within the instant, with a digit or what stands between */
        size_t lost = 5 + random_below(&a->random, 18);
        memmove(a->text.p, a->text.p + lost, a->text.n - lost);
        a->text.n -= lost;
    }
    write_line(a, d->entry.service, d->time_ms);
    struct entry e = d->entry;
    if (a->line >= a->total) stack = false; /* no room for its trace */
    if (!stack) e.exception = -1;
    if (torn || unknown_level)
        log_truth_fate(&a->truth, e.service, torn ? LOG_NOT_UNDERSTOOD : LOG_UNKNOWN_LEVEL);
    else
        log_truth_entry(&a->truth, &(struct entry){e.time, e.service, e.logger, e.level, -1}, of);
    if (!stack) return;
    a->truth.exception[e.exception]++; /* its line is a record of its own, whatever became of the entry's */
    write_stack(a, d);
}

static void write_json(struct applogs *a, struct draft *d, bool unknown_level, struct request *of)
{
    d->bad_time = take(a, DIRT_BAD_TIME);
    put_json_entry(&a->text, d);
    bool cut = take(a, DIRT_CUT);
    if (cut) {
        a->text.n = 1 + random_below(&a->random, a->text.n - 3);
        buf_append_byte(&a->text, '\n');
    }
    write_line(a, d->entry.service, d->time_ms);
    if (cut || d->bad_time || unknown_level)
        log_truth_fate(&a->truth, d->entry.service, cut ? LOG_FORMAT : d->bad_time ? LOG_BAD_TIME : LOG_UNKNOWN_LEVEL);
    else
        log_truth_entry(&a->truth, &d->entry, of);
}

static void request_begin(struct applogs *a, struct open_request *r)
{
    log_truth_request(&a->truth, &r->seen);
    *r = (struct open_request){.seen.id = ++a->last_request, .service = 3};
    r->steps_left = 2 + random_below(&a->random, 9);
}

static void one_entry(struct applogs *a)
{
    struct open_request *r = &a->request[random_below(&a->random, OPEN_REQUESTS)];
    struct draft d = {.number = random_u64(&a->random) >> 48};
    if (r->steps_left == 0) request_begin(a, r);
    r->steps_left--;
    d.time_ms = FIRST_DAY * DAY_MS + (int64_t)(((unsigned __int128)a->line * (uint64_t)(a->days * DAY_MS) +
                                                random_below(&a->random, (uint64_t)(a->days * DAY_MS))) /
                                               a->total);
    bool of_none = take(a, DIRT_NO_REQUEST), error = take(a, DIRT_ERROR), warning = take(a, DIRT_WARNING);
    d.request = of_none ? 0 : r->seen.id;
    d.entry = (struct entry){.time = d.time_ms / 1000, .service = r->service, .logger = (int)(d.number % LOGGERS)};
    d.entry.level = error ? LEVEL_ERROR : warning ? LEVEL_WARN : d.number % 5 ? LEVEL_INFO : LEVEL_DEBUG;
    d.entry.exception = error && take(a, DIRT_STACK) ? (int)random_below(&a->random, EXCEPTIONS) : -1;
    bool unknown = take(a, DIRT_UNKNOWN_LEVEL);
    d.level = level_text(a, &d.entry, unknown);
    if (log_source_of(r->service) == LOG_TEXT)
        write_text(a, &d, unknown, of_none ? NULL : &r->seen);
    else
        write_json(a, &d, unknown, of_none ? NULL : &r->seen);
    if (random_chance(&a->random, 1, 2)) r->service = (int)random_below(&a->random, SERVICES);
}

/* --- the whole --- */

static bool is_input(const char *name)
{
    for (int i = 0; i < SERVICES; i++) {
        size_t n = strlen(service_name(i));
        if (strncmp(name, service_name(i), n) == 0 && (name[n] == '-' || strncmp(name + n, ".log", 4) == 0))
            return true;
    }
    return false;
}

static const char rules[] =
    "# Ground truth of generated application logs\n"
    "Written by `millrace generate applogs` while it made the lines; workloads/applogs/applogs.json loads them.\n"
    "Text (SERVICE.log, .log.1, .log.2.gz ...): an entry is `DATE TIME,MS LEVEL [THREAD] [REQUEST] LOGGER - MESSAGE`;\n"
    "a line that begins with a tab, with `Caused by: ` or with a class that ends in Exception and a colon belongs to "
    "a\n"
    "stack trace; anything else is not_understood. JSON (SERVICE-DATE.json): format (no JSON object), then bad_time.\n"
    "Levels: TRACE FINE 20 are DEBUG; NOTICE INFORMATION 30 INFO; WARNING WRN 40 WARN; SEVERE FATAL 50 ERROR, in any\n"
    "letter case; others are unknown_level. Instants are UTC, fractions cut off. A request is `-` or null where there\n"
    "is none. exceptions: the first line of each stack trace, whatever became of its entry in text; of accepted\n"
    "entries in JSON. requests_by_services: over accepted entries.\n";

static int write_rules(struct disk *disk, struct err_text *error)
{
    struct out_file out, *last = &out;
    truth_open(&out, disk, error, "ground_truth/RULES.md", rules);
    return truth_close(&last, 1);
}

static bool failed(const struct applogs *a)
{
    int error = 0;
    for (int i = 0; i < SERVICES; i++) error |= a->out[i].error;
    return error != 0;
}

static int run(struct applogs *a, struct disk *disk, struct err_text *error)
{
    struct out_file *files[SERVICES];
    int rc = write_rules(disk, error);
    while (rc == 0 && a->line < a->total && !failed(a)) one_entry(a);
    for (int i = 0; i < OPEN_REQUESTS; i++) log_truth_request(&a->truth, &a->request[i].seen);
    for (int i = 0; i < SERVICES; i++) {
        files[i] = &a->out[i];
        out_file_close(files[i]);
        a->bytes += a->out[i].bytes;
        a->files += a->out[i].files;
    }
    int written = truth_close(files, SERVICES), truth = log_truth_finish(&a->truth);
    return rc ? rc : written ? written : truth;
}

static void applogs_init(struct applogs *a, const struct generate_options *options, const uint32_t rates[DIRT_COUNT],
                         struct disk *disk, struct err_text *error)
{
    a->options = options;
    a->total = (uint64_t)options->scale;
    a->days = (int64_t)(a->total + LINES_PER_DAY - 1) / LINES_PER_DAY;
    if (a->days < DAYS_MIN) a->days = DAYS_MIN;
    random_seed(&a->random, options->seed);
    for (int i = 0; i < DIRT_COUNT; i++)
        dirt_init(&a->dirt[i], &a->random, rates[i], i == DIRT_STACK ? a->total / 100 : a->total / 4);
    for (int i = 0; i < SERVICES; i++) {
        out_file_init(&a->out[i], disk, error);
        a->open_day[i] = -1;
    }
    log_truth_init(&a->truth, disk, error);
}

int generate_applogs(const struct generate_options *options, struct generate_result *result, struct err_text *error)
{
    struct disk *disk;
    uint32_t rates[DIRT_COUNT];
    int rc = generate_begin(options, kinds, DIRT_COUNT, rates, is_input, &disk, error);
    if (rc < 0) return rc;
    struct applogs *a = memory_new(sizeof *a);
    applogs_init(a, options, rates, disk, error);
    rc = run(a, disk, error);
    if (result) *result = (struct generate_result){a->line, a->bytes, a->files};
    buf_release(&a->text);
    free(a);
    disk_linux_free(disk);
    return rc;
}

const struct generator applogs_generator = {
    "applogs", "logs of a shop's services, text with stack traces and JSON", kinds, DIRT_COUNT, generate_applogs,
};
