#include "bench/chaos/plan.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "lib/base/random.h"
#include "lib/base/text.h"
#include "lib/kafka/api.h"

enum { PERCENT_SCALE = 4, FRACTION_SCALE = 6 };

static const char *const fault_names[] = {"drop_request", "cut", "drop_response", "cut_response", "none"};

const char *chaos_fault_name(enum chaos_fault fault)
{
    return fault_names[fault];
}

void chaos_plan_init(struct chaos_plan *p)
{
    *p = (struct chaos_plan){.every_api = true};
}

/* --- words --- */

/* Takes what is before `mark` off the front; all of it when there is none. */
static struct slice word(struct slice *rest, const char *mark)
{
    const uint8_t *at = rest->n ? memmem(rest->p, rest->n, mark, strlen(mark)) : NULL;
    struct slice w = at ? slice_of(rest->p, (size_t)(at - rest->p)) : *rest;
    *rest = at ? slice_of(at + strlen(mark), rest->n - w.n - strlen(mark)) : slice_of(NULL, 0);
    return w;
}

static bool ends_with(struct slice s, const char *end)
{
    size_t n = strlen(end);
    return s.n > n && memcmp(s.p + s.n - n, end, n) == 0;
}

static const struct {
    const char *name;
    int scale; /* decimals of a value in it that are whole nanoseconds */
    int64_t factor;
} units[] = {{"us", 3, 1}, {"ms", 6, 1}, {"s", 9, 1}, {"m", 9, 60}};
enum { UNIT_COUNT = sizeof units / sizeof *units };

static const int64_t second_ns = 1000000000;

bool chaos_duration(struct slice text, int64_t *ns)
{
    for (int i = 0; i < UNIT_COUNT; i++) {
        if (!ends_with(text, units[i].name)) continue;
        struct slice number = slice_of(text.p, text.n - strlen(units[i].name));
        if (!text_to_decimal(number, units[i].scale, ns) || *ns < 0) return false;
        if (*ns > CHAOS_DELAY_S_MAX * second_ns / units[i].factor) return false;
        *ns *= units[i].factor;
        return true;
    }
    return false;
}

static int refuse(struct err_text *error, const char *option, struct slice text, const char *why)
{
    return err_set(error, ERR_INVALID, "%s: \"%.*s\" %s", option, (int)text.n, (const char *)text.p, why);
}

/* --- options --- */

int chaos_plan_delay(struct chaos_plan *p, const char *text, struct err_text *error)
{
    struct slice all = slice_str(text), rest = all, low = word(&rest, "..");
    bool range = low.n < all.n, zero = slice_equal(low, SLICE_LIT("0"));
    if (zero) p->delay_min_ns = 0; /* "0..20ms": nothing has every unit */
    if (!zero && !chaos_duration(low, &p->delay_min_ns))
        return refuse(error, "--delay", all, "is neither a time (20ms) nor a range (0..20ms, at most an hour)");
    p->delay_max_ns = p->delay_min_ns;
    if (range && !chaos_duration(rest, &p->delay_max_ns))
        return refuse(error, "--delay", all, "has no time like 20ms behind the two points");
    if (p->delay_max_ns < p->delay_min_ns) return refuse(error, "--delay", all, "ends before it begins");
    return 0;
}

int chaos_plan_chance(struct chaos_plan *p, enum chaos_fault fault, const char *option, const char *text,
                      struct err_text *error)
{
    struct slice all = slice_str(text), number = all;
    bool percent = ends_with(all, "%");
    if (percent) number.n--;
    int64_t value;
    if (!text_to_decimal(number, percent ? PERCENT_SCALE : FRACTION_SCALE, &value) || value < 0 ||
        value > CHAOS_MILLION)
        return refuse(error, option, all, "is no chance: from 0% to 100%, or from 0 to 1, in steps of a millionth");
    p->chances[fault] = value;
    return 0;
}

static int api_add(struct chaos_plan *p, struct slice name, struct err_text *error)
{
    for (int i = 0; i < kafka_apis_count; i++) {
        if (strlen(kafka_apis[i].name) != name.n) continue;
        if (strncasecmp(kafka_apis[i].name, (const char *)name.p, name.n) != 0) continue;
        p->apis[kafka_apis[i].key] = true;
        return 0;
    }
    return refuse(error, "--api", name, "is no API: Produce, Fetch, OffsetCommit, JoinGroup, Heartbeat, ... or all");
}

int chaos_plan_apis(struct chaos_plan *p, const char *text, struct err_text *error)
{
    struct slice rest = slice_str(text);
    p->every_api = strcasecmp(text, "all") == 0;
    if (p->every_api) return 0;
    do {
        int status = api_add(p, word(&rest, ","), error);
        if (status < 0) return status;
    } while (rest.n > 0);
    return 0;
}

static bool count_read(struct slice text, int64_t *count)
{
    return text_to_i64(text, count) && *count >= 1;
}

/* "5s", "record:500", "fetched:500" */
static bool moment_read(struct slice text, struct chaos_moment *m)
{
    struct slice rest = text, first = word(&rest, ":");
    m->unit = CHAOS_TIME;
    if (slice_equal(first, SLICE_LIT("record"))) m->unit = CHAOS_ACKNOWLEDGED;
    if (slice_equal(first, SLICE_LIT("fetched"))) m->unit = CHAOS_FETCHED;
    return m->unit == CHAOS_TIME ? chaos_duration(text, &m->value) : count_read(rest, &m->value);
}

/* Takes ":requests" or ":responses" off the end. */
static void direction_read(struct slice *text, struct chaos_partition *out)
{
    bool requests = ends_with(*text, ":requests"), responses = ends_with(*text, ":responses");
    out->requests = !responses;
    out->responses = !requests;
    if (requests) text->n -= strlen(":requests");
    if (responses) text->n -= strlen(":responses");
}

static int partition_add(struct chaos_plan *p, struct slice text, struct err_text *error)
{
    struct chaos_partition n = {0};
    struct slice rest = text;
    direction_read(&rest, &n);
    struct slice duration = word(&rest, "@");
    if (!chaos_duration(duration, &n.duration_ns) || !moment_read(rest, &n.from))
        return refuse(error, "--partition", text,
                      "is not like 2s@5s (2 seconds, from second 5), 2s@record:500 or 2s@5s:responses");
    if (p->partition_count == CHAOS_PARTITIONS_MAX)
        return err_set(error, ERR_INVALID, "--partition: more than %d", CHAOS_PARTITIONS_MAX);
    p->partitions[p->partition_count++] = n;
    return 0;
}

int chaos_plan_partitions(struct chaos_plan *p, const char *text, struct err_text *error)
{
    struct slice rest = slice_str(text);
    do {
        int status = partition_add(p, word(&rest, ","), error);
        if (status < 0) return status;
    } while (rest.n > 0);
    return 0;
}

static int kill_add(struct chaos_plan *p, enum chaos_unit unit, const char *option, struct slice text,
                    struct err_text *error)
{
    struct chaos_moment m = {.unit = unit};
    bool time = unit == CHAOS_TIME;
    if (time ? !chaos_duration(text, &m.value) : !count_read(text, &m.value))
        return refuse(error, option, text, time ? "is no time like 3s" : "is no count of records of at least 1");
    if (p->kill_count == CHAOS_KILLS_MAX)
        return err_set(error, ERR_INVALID, "%s: more than %d moments", option, CHAOS_KILLS_MAX);
    p->kills[p->kill_count++] = m;
    return 0;
}

int chaos_plan_kills(struct chaos_plan *p, enum chaos_unit unit, const char *option, const char *text,
                     struct err_text *error)
{
    struct slice rest = slice_str(text);
    do {
        int status = kill_add(p, unit, option, word(&rest, ","), error);
        if (status < 0) return status;
    } while (rest.n > 0);
    return 0;
}

/* --- lots --- */

bool chaos_means(const struct chaos_plan *p, int api_key)
{
    return p->every_api || (api_key >= 0 && api_key < CHAOS_APIS_MAX && p->apis[api_key]);
}

/* One number from three: near ones give unrelated seeds (the multipliers are odd, so no two requests of a connection
 * and no two connections fall together). */
static uint64_t mixed(uint64_t seed, int64_t connection, int64_t request)
{
    struct random r;
    random_seed(&r, seed + (uint64_t)connection * 0xd1342543de82ef95u);
    return random_u64(&r) + (uint64_t)request * 0xaf251af3b0f025b5u;
}

struct chaos_fate chaos_decide(const struct chaos_plan *p, int64_t connection, int64_t request)
{
    struct random r;
    struct chaos_fate fate = {.fault = CHAOS_NONE};
    random_seed(&r, mixed(p->seed, connection, request));
    /* a fraction of the range, so that the lot stays when the range changes */
    double part = (double)(random_u64(&r) >> 11) / (double)(UINT64_C(1) << 53);
    fate.delay_ns = p->delay_min_ns + (int64_t)(part * (double)(p->delay_max_ns - p->delay_min_ns));
    for (int i = 0; i < CHAOS_FAULTS; i++) {
        bool hit = (int64_t)random_below(&r, CHAOS_MILLION) < p->chances[i];
        if (hit && fate.fault == CHAOS_NONE) fate.fault = (enum chaos_fault)i;
    }
    return fate;
}

bool chaos_reached(const struct chaos_moment *m, const struct chaos_progress *at)
{
    switch (m->unit) {
    case CHAOS_TIME: return at->elapsed_ns >= m->value;
    case CHAOS_ACKNOWLEDGED: return at->acknowledged >= m->value;
    default: return at->fetched >= m->value;
    }
}

/* --- told --- */

static void moment_json(const struct chaos_moment *m, struct buf *out)
{
    static const char *const names[] = {"at_ns", "at_record", "at_fetched"};
    buf_printf(out, "\"%s\":%" PRId64, names[m->unit], m->value);
}

static void apis_json(const struct chaos_plan *p, struct buf *out)
{
    const char *comma = "";
    buf_append_str(out, ",\"apis\":[");
    for (int i = 0; i < kafka_apis_count; i++) {
        if (p->every_api || !p->apis[kafka_apis[i].key]) continue;
        buf_printf(out, "%s\"%s\"", comma, kafka_apis[i].name);
        comma = ",";
    }
    buf_append_byte(out, ']');
}

void chaos_plan_json(const struct chaos_plan *p, struct buf *out)
{
    buf_printf(out, "{\"seed\":%" PRIu64 ",\"delay_min_ns\":%" PRId64 ",\"delay_max_ns\":%" PRId64, p->seed,
               p->delay_min_ns, p->delay_max_ns);
    for (int i = 0; i < CHAOS_FAULTS; i++)
        buf_printf(out, ",\"%s\":%.6f", fault_names[i], (double)p->chances[i] / CHAOS_MILLION);
    apis_json(p, out);
    buf_append_str(out, ",\"partitions\":[");
    for (int i = 0; i < p->partition_count; i++) {
        const struct chaos_partition *n = &p->partitions[i];
        buf_append_str(out, i ? ",{" : "{");
        moment_json(&n->from, out);
        buf_printf(out, ",\"duration_ns\":%" PRId64 ",\"requests\":%s,\"responses\":%s}", n->duration_ns,
                   n->requests ? "true" : "false", n->responses ? "true" : "false");
    }
    buf_append_str(out, "],\"kills\":[");
    for (int i = 0; i < p->kill_count; i++) {
        buf_append_str(out, i ? ",{" : "{");
        moment_json(&p->kills[i], out);
        buf_append_byte(out, '}');
    }
    buf_append_str(out, "]}");
}
