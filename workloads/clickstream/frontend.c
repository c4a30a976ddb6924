#include "workloads/clickstream/frontend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "workloads/out_time.h"

/* --- clocks --- */

/* Off by some seconds, by up to two hours, or (an empty battery) back in 1970. */
static int64_t clock_offset_draw(struct random *r)
{
    uint64_t kind = random_below(r, 20);
    int64_t offset = 1 + (int64_t)random_below(r, kind < 10 ? 90 : 7200);
    if (kind == 19) return -20000 * INT64_C(86400) - offset;
    return random_chance(r, 1, 2) ? offset : -offset;
}

void frontend_init(struct frontend *f, struct chances *chances, const struct sites *sites, struct click_truth *truth,
                   struct disk *disk, struct err_text *why)
{
    memset(f, 0, sizeof *f);
    f->chances = chances;
    f->sites = sites;
    f->truth = truth;
    held_init(&f->held, FRONTEND_HELD_MAX);
    for (int i = 0; i < EVENT_KINDS; i++) {
        out_file_init(&f->out[i], disk, why);
        f->open_day[i] = -1;
    }
    f->clock_offset_s = memory_new(SITE_VISITORS * sizeof *f->clock_offset_s);
    for (int i = 0; i < SITE_VISITORS; i++) {
        if (chances_take(chances, DIRT_SKEWED_CLOCK)) f->clock_offset_s[i] = clock_offset_draw(&chances->random);
    }
}

void frontend_release(struct frontend *f)
{
    held_release(&f->held);
    for (int i = 0; i < EVENT_KINDS; i++) out_file_release(&f->out[i]);
    buf_release(&f->text);
    free(f->clock_offset_s);
}

/* --- where lines are placed --- */

static void write_line(struct frontend *f, enum event_kind kind, struct slice text, int64_t received)
{
    struct out_file *o = &f->out[kind];
    int64_t day = received / 86400;
    if (day != f->open_day[kind]) {
        struct buf name = {0};
        out_file_close(o);
        buf_append_str(&name, event_name(kind));
        buf_append_byte(&name, '-');
        out_date(&name, day);
        buf_append_str(&name, ".ndjson");
        out_file_open(o, buf_cstr(&name));
        buf_release(&name);
        f->open_day[kind] = day;
    }
    buf_append_slice(&o->pending, text);
    out_file_flush_when_full(o);
}

/* Writes what was received by `now`, the earliest first. */
static void write_held(struct frontend *f, int64_t now)
{
    for (const struct held_line *l; (l = held_take(&f->held, now)) != NULL;)
        write_line(f, (enum event_kind)l->tag, buf_slice(&l->text), l->release);
}

/* --- text of an event --- */

/* Keys are literals. */
#define put_key(b, key) out_literal(b, ",\"" key "\":")
#define put_text(b, key, text)                                                                                         \
    do {                                                                                                               \
        out_literal(b, ",\"" key "\":\"");                                                                             \
        buf_append_str(b, text);                                                                                       \
        buf_append_byte(b, '"');                                                                                       \
    } while (0)
#define put_number(b, key, number) (put_key(b, key), out_number(b, number))
#define put_time(b, key, time)                                                                                         \
    do {                                                                                                               \
        out_literal(b, ",\"" key "\":\"");                                                                             \
        out_stampz(b, time);                                                                                           \
        buf_append_byte(b, '"');                                                                                       \
    } while (0)

static void put_cents(struct buf *b, int64_t cents)
{
    out_number(b, (uint64_t)cents / 100);
    buf_append_byte(b, '.');
    out_two(b, (int)(cents % 100));
}

/* The searched text, sometimes with escapes where UTF-8 would do. */
static void put_search(struct buf *b, const char *text, bool escape)
{
    put_key(b, "query");
    buf_append_byte(b, '"');
    for (const uint8_t *p = (const uint8_t *)text; *p; p++) {
        if (*p == '"' || *p == '\\') {
            buf_append_byte(b, '\\');
            buf_append_byte(b, *p);
        } else if (escape && (*p & 0xe0) == 0xc0) {
            buf_printf(b, "\\u%04x", (unsigned)((*p & 0x1f) << 6 | (p[1] & 0x3f)));
            p++;
        } else if (escape && (*p & 0xf8) == 0xf0) {
            unsigned code = (unsigned)((*p & 7) << 18 | (p[1] & 0x3f) << 12 | (p[2] & 0x3f) << 6 | (p[3] & 0x3f));
            buf_printf(b, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10), 0xdc00 + (code & 0x3ff));
            p += 3;
        } else {
            buf_append_byte(b, *p);
        }
    }
    buf_append_byte(b, '"');
}

static void put_video(struct frontend *f, struct buf *b, const struct event *e)
{
    put_key(b, "video");
    out_literal(b, "\"film-");
    out_padded(b, (uint64_t)e->subject, 2);
    buf_append_byte(b, '"');
    put_text(b, "viewed", e->declined ? "no" : "yes");
    put_number(b, "length_s", (uint64_t)event_video_length_s(e->subject));
    put_key(b, "watched_s");
    bool quoted = chances_take(f->chances, DIRT_QUOTED_NUMBER);
    if (quoted) buf_append_byte(b, '"');
    if (e->watched_s < 0) buf_append_byte(b, '-');
    out_number(b, (uint64_t)llabs(e->watched_s));
    if (quoted) buf_append_byte(b, '"');
}

static void put_order(struct buf *b, const struct event *e)
{
    put_key(b, "order");
    out_literal(b, "\"o");
    out_padded(b, e->order, 8);
    buf_append_byte(b, '"');
    put_number(b, "items", e->amount);
    put_key(b, "total");
    put_cents(b, e->cents);
}

static void put_details(struct frontend *f, struct buf *b, const struct event *e)
{
    switch (e->kind) {
    case EVENT_PAGE_VIEWED:
        put_key(b, "referrer");
        if (e->other < 0) {
            out_literal(b, "null");
        } else {
            out_literal(b, "\"https://");
            buf_append_str(b, site_name(e->site));
            site_put_path(b, &f->sites->path[e->other]);
            buf_append_byte(b, '"');
        }
        break;
    case EVENT_LINK_CLICKED:
        put_text(b, "target", f->sites->path[e->other].text);
        put_number(b, "position", e->amount);
        break;
    case EVENT_SEARCHED:
        put_search(b, event_search(e->subject), e->amount % 2);
        put_number(b, "results", e->amount);
        break;
    case EVENT_VIDEO_VIEWED: put_video(f, b, e); break;
    case EVENT_ADDED_TO_CART:
        put_number(b, "quantity", e->amount);
        put_key(b, "price");
        put_cents(b, e->cents);
        break;
    case EVENT_CHECKOUT_STARTED: put_number(b, "items", e->amount); break;
    case EVENT_ORDER_PLACED:
    case EVENT_KINDS: put_order(b, e); break;
    }
}

struct copy { /* what is the same each time an event is sent */
    uint64_t id;
    int64_t occurred; /* on the device's clock */
    int64_t offset;
    enum event_fate fate;
    bool without_visitor_key, null_visitor, bad_time, extra;
    uint64_t bad_time_kind;
};

static void put_occurred(struct buf *b, const struct copy *c)
{
    static const char *const bad[] = {"Invalid Date", "2025-02-30T10:00:00Z", "12/17/2025 1:11 PM", "NaN"};
    if (c->bad_time)
        put_text(b, "occurred_at", bad[c->bad_time_kind]);
    else
        put_time(b, "occurred_at", c->occurred);
}

static void put_event(struct frontend *f, struct buf *b, const struct event *e, const struct copy *c, int64_t received)
{
    out_literal(b, "{\"event_id\":\"e");
    out_padded(b, c->id, 10);
    buf_append_byte(b, '"');
    if (c->null_visitor) {
        out_literal(b, ",\"visitor\":null");
    } else if (!c->without_visitor_key) {
        out_literal(b, ",\"visitor\":\"v");
        out_padded(b, (uint64_t)e->visitor, 5);
        buf_append_byte(b, '"');
    }
    put_text(b, "client", e->by_bot ? "webdriver" : "browser");
    put_text(b, "site", site_name(e->site));
    out_literal(b, ",\"page\":\"");
    site_put_path(b, &f->sites->path[e->page]);
    buf_append_byte(b, '"');
    put_occurred(b, c);
    put_time(b, "sent_at", received + c->offset);
    put_time(b, "received_at", received);
    if (c->extra) put_text(b, "experiment", "b");
    put_details(f, b, e);
    out_literal(b, "}\n");
}

/* --- sending --- */

static void dirt_draw(struct frontend *f, const struct event *e, struct copy *c)
{
    struct chances *chances = f->chances;
    bool no_visitor = chances_take(chances, DIRT_NO_VISITOR);
    if (no_visitor) c->without_visitor_key = !(c->null_visitor = random_chance(&chances->random, 1, 2));
    c->bad_time = chances_take(chances, DIRT_BAD_TIME);
    if (c->bad_time) c->bad_time_kind = random_below(&chances->random, 4);
    c->extra = chances_take(chances, DIRT_EXTRA_FIELD);
    c->fate = no_visitor         ? FATE_NO_VISITOR
              : c->bad_time      ? FATE_BAD_TIME
              : e->by_bot        ? FATE_BOT
              : e->watched_s < 0 ? FATE_NEGATIVE_WATCH
                                 : FATE_ACCEPTED;
}

static void send_again(struct frontend *f, const struct event *e, const struct copy *c, int64_t first_received)
{
    struct buf *text = &f->text;
    int64_t received = first_received + 1 + (int64_t)random_below(&f->chances->random, 600);
    buf_reset(text);
    put_event(f, text, e, c, received);
    held_put(&f->held, buf_slice(text), received, e->at, (int)e->kind);
    click_truth_fate(f->truth, e->kind, c->fate == FATE_ACCEPTED ? FATE_DUPLICATE : c->fate);
}

int frontend_send(struct frontend *f, const struct event *e, bool may_repeat)
{
    struct chances *chances = f->chances;
    struct copy c = {.id = ++f->last_id, .offset = f->clock_offset_s[e->visitor]};
    write_held(f, e->at);
    c.occurred = e->at + c.offset;
    dirt_draw(f, e, &c);
    bool room = held_has_room(&f->held, 2), cut = chances_take(chances, DIRT_CUT_EVENT);
    bool late = room && chances_take(chances, DIRT_LATE_EVENT);
    int64_t received = e->at + (late ? EVENT_LATE_S + 1 + (int64_t)random_below(&chances->random, 7200) : 0);
    struct buf *text = &f->text;
    buf_reset(text);
    put_event(f, text, e, &c, received);
    if (cut) {
        c.fate = FATE_FORMAT;
        text->n = 2 + random_below(&chances->random, 100); /* never the whole object, and all of it ASCII */
        buf_append_byte(text, '\n');
    }
    if (late)
        held_put(&f->held, buf_slice(text), received, e->at, (int)e->kind);
    else
        write_line(f, e->kind, buf_slice(text), received);
    click_truth_event(f->truth, e, c.fate, received - e->at, c.offset != 0);
    if (cut || !room || !may_repeat || !chances_take(chances, DIRT_DUPLICATE_EVENT)) return 1;
    send_again(f, e, &c, received);
    return 2;
}

int frontend_finish(struct frontend *f)
{
    int error = 0;
    write_held(f, INT64_MAX);
    for (int i = 0; i < EVENT_KINDS; i++) {
        out_file_close(&f->out[i]);
        if (f->out[i].error) error = f->out[i].error;
    }
    return error;
}
