/* From lines of a log to places in a picture: who is on which lane, what becomes a band, what went wrong stays alone.
 */
#include <unistd.h>

#include "bench/timeline/svg.h"
#include "tests/unit.h"

static const int64_t second = 1000000000, ms = 1000000, epoch = 1700000000000000000;

struct world {
    char path[32];
    FILE *file;
    struct timeline timeline;
    struct layout layout;
    struct err_text error;
};

static void start(struct world *w)
{
    *w = (struct world){.path = "/tmp/timeline-test-XXXXXX"};
    w->file = fdopen(mkstemp(w->path), "w");
    check(w->file != NULL);
    timeline_init(&w->timeline);
}

static void finish(struct world *w)
{
    if (w->file) fclose(w->file);
    layout_release(&w->layout);
    timeline_release(&w->timeline);
    unlink(w->path);
}

/* One exchange; `detail` are further members, with a comma in front. */
static void exchange(struct world *w, const char *client, const char *id, const char *api, int correlation_id,
                     int64_t begin_ns, int64_t took_ns, const char *more)
{
    fprintf(
        w->file,
        "{\"type\":\"exchange\",\"client\":\"%s\",\"broker\":\"127.0.0.1:9092\",\"api\":\"%s\",\"correlation_id\":%d,"
        "\"client_id\":\"%s\",\"status\":\"%s\",\"request_time_ns\":%lld,\"records\":5,\"errors\":[]",
        client, api, correlation_id, id, took_ns < 0 ? "unanswered" : "answered", (long long)(epoch + begin_ns));
    if (took_ns >= 0) fprintf(w->file, ",\"last_byte_ns\":%lld", (long long)took_ns);
    fprintf(w->file, "%s}\n", more);
}

static void line(struct world *w, const char *what, const char *type, int64_t time_ns, const char *more)
{
    fprintf(w->file, "{\"type\":\"%s\",\"what\":\"%s\",\"time_ns\":%lld%s}\n", type, what, (long long)(epoch + time_ns),
            more);
}

static int take(struct world *w)
{
    fclose(w->file);
    w->file = NULL;
    int status = timeline_read(&w->timeline, w->path, &w->error);
    if (status == 0) timeline_settle(&w->timeline);
    return status;
}

static int lay_out(struct world *w)
{
    struct layout_options o = {.from_ns = w->timeline.begin_ns, .to_ns = w->timeline.end_ns, .title = "T"};
    return layout_make(&w->layout, &w->timeline, &o, &w->error);
}

/* --- reading --- */

TEST(timeline, a_lane_for_each_client_and_none_for_what_is_not_drawn)
{
    struct world w;
    start(&w);
    exchange(&w, "c:1", "shop", "Metadata", 1, 0, ms, "");
    exchange(&w, "c:2", "shop", "Produce", 1, ms, ms, "");
    exchange(&w, "c:3", "reader", "Fetch", 1, 2 * ms, ms, "");
    exchange(&w, "c:4", "admin", "CreateTopics", 1, 3 * ms, ms, "");
    check_int(take(&w), 0);
    check_int(w.timeline.lane_count, 2);
    check_str(w.timeline.lanes[0].name, "shop");
    check_str(w.timeline.lanes[1].name, "reader");
    check_int(w.timeline.broker_count, 1);
    finish(&w);
}

/* Two members at the same time under one client.id are told apart; one that comes back as another member is not. */
TEST(timeline, members_that_share_a_client_id)
{
    struct world w;
    start(&w);
    exchange(&w, "c:1", "r", "Heartbeat", 1, 0, ms,
             ",\"detail\":{\"group\":\"g\",\"member\":\"r-aaaa\",\"generation\":1}");
    exchange(&w, "c:2", "r", "Heartbeat", 1, ms, ms,
             ",\"detail\":{\"group\":\"g\",\"member\":\"r-bbbb\",\"generation\":1}");
    exchange(&w, "c:1", "r", "Heartbeat", 2, second, ms,
             ",\"detail\":{\"group\":\"g\",\"member\":\"r-aaaa\",\"generation\":1}");
    exchange(&w, "c:2", "r", "Heartbeat", 2, second, ms,
             ",\"detail\":{\"group\":\"g\",\"member\":\"r-bbbb\",\"generation\":1}");
    exchange(&w, "c:3", "back", "Heartbeat", 1, 0, ms,
             ",\"detail\":{\"group\":\"g\",\"member\":\"b-1\",\"generation\":1}");
    exchange(&w, "c:4", "back", "Heartbeat", 1, second, ms,
             ",\"detail\":{\"group\":\"g\",\"member\":\"b-2\",\"generation\":2}");
    check_int(take(&w), 0);
    check_int(w.timeline.lane_count, 3);
    bool apart =
        strcmp(w.timeline.lanes[0].name, "r ...aaaa") == 0 || strcmp(w.timeline.lanes[1].name, "r ...aaaa") == 0;
    check(apart);
    finish(&w);
}

/* A member that has two connections, one of them for longer: both met the other member. */
TEST(timeline, every_connection_of_a_shared_client_id_is_told_apart)
{
    static const struct {
        const char *connection, *member;
        int64_t begin_ms, end_ms;
    } spoke[] = {
        {"c:1", "r-aaaa", 0, 10}, {"c:2", "r-aaaa", 1, 20}, {"c:3", "r-bbbb", 5, 6}, {"c:4", "r-cccc", 30, 31}};
    struct world w;
    start(&w);
    for (int i = 0; i < 4; i++)
        for (int end = 0; end < 2; end++) {
            char detail[96];
            snprintf(detail, sizeof detail, ",\"detail\":{\"group\":\"g\",\"member\":\"%s\",\"generation\":1}",
                     spoke[i].member);
            exchange(&w, spoke[i].connection, "r", "Heartbeat", 1 + end,
                     (end ? spoke[i].end_ms : spoke[i].begin_ms) * ms, 0, detail);
        }
    check_int(take(&w), 0);
    check_int(w.timeline.lane_count, 3);
    check_str(w.timeline.lanes[0].name, "r"); /* the last one was alone */
    check_str(w.timeline.lanes[1].name, "r ...aaaa");
    check_int(w.timeline.lanes[1].marks, 4);
    check_str(w.timeline.lanes[2].name, "r ...bbbb");
    finish(&w);
}

TEST(timeline, faults_come_to_their_requests_and_a_second_try_is_known)
{
    struct world w;
    const char *batch = ",\"detail\":{\"acks\":-1,\"produced\":[{\"topic\":\"t\",\"partition\":0,\"records\":5,"
                        "\"producer_id\":9,\"epoch\":0,\"sequence\":100}]}";
    start(&w);
    exchange(&w, "c:1", "p", "Produce", 7, 0, ms, batch);
    exchange(&w, "c:2", "p", "Produce", 1, 10 * ms, ms, batch);
    line(&w, "cut_response", "fault", ms, ",\"client\":\"c:1\",\"correlation_id\":7,\"delay_ns\":250");
    check_int(take(&w), 0);
    check_int(w.timeline.mark_count, 2);
    check_int(w.timeline.marks[0].fault, TIMELINE_CUT_RESPONSE);
    check_int(w.timeline.marks[0].delay_ns, 250);
    check(!w.timeline.marks[0].again && w.timeline.marks[1].again);
    check_int(w.timeline.marks[1].fault, TIMELINE_FINE);
    finish(&w);
}

/* One batch of one record: which (its checksum, or an idempotent producer's number), and where it came to stand. */
static void batch(struct world *w, const char *connection, int correlation_id, int64_t begin_ns, const char *which,
                  int offset)
{
    char detail[256];
    snprintf(
        detail, sizeof detail,
        ",\"detail\":{\"produced\":[{\"topic\":\"t\",\"partition\":0,\"records\":1,%s}],\"appended\":[{\"topic\":\"t\","
        "\"partition\":0,\"offset\":%d,\"error\":0}]}",
        which, offset);
    exchange(w, connection, "p", "Produce", correlation_id, begin_ns, offset < 0 ? -1 : ms, detail);
}

/* A is lost, B and C arrive, A is sent again: nothing is missing, and A stands behind B and C. */
TEST(timeline, what_was_merely_swapped_is_told)
{
    struct world w;
    struct buf svg = {0};
    start(&w);
    batch(&w, "c:1", 1, 0, "\"crc\":100", -1);
    batch(&w, "c:2", 1, 10 * ms, "\"crc\":200", 0);
    batch(&w, "c:2", 2, 20 * ms, "\"crc\":300", 1);
    batch(&w, "c:3", 1, 30 * ms, "\"crc\":100", 2);
    batch(&w, "c:3", 2, 40 * ms, "\"crc\":400", 3);
    check_int(take(&w), 0);
    for (int i = 0; i < 5; i++) check_int(w.timeline.marks[i].again, i == 3);
    for (int i = 0; i < 5; i++) check_int(w.timeline.marks[i].late, i == 3);
    check_int(lay_out(&w), 0);
    int late = 0;
    for (int i = 0; i < w.layout.note_count; i++) late += w.layout.notes[i].sign == LAYOUT_LATE;
    check_int(late, 1);
    timeline_svg(&w.layout, SVG_LIGHT, &svg);
    check(strstr(buf_cstr(&svg), "swapped: behind a later one in the log<") != NULL);
    buf_release(&svg);
    finish(&w);
}

/* Of a duplicate the first copy counts, and that one is in order; with numbers the broker appends nothing twice and
 * tells the first copy's place again; and two batches of the same bytes are two when nothing went wrong. */
TEST(timeline, what_was_sent_again_is_not_always_swapped)
{
    struct world w;
    start(&w);
    batch(&w, "c:1", 1, 0, "\"crc\":100", 0);
    line(&w, "drop_response", "fault", ms, ",\"client\":\"c:1\",\"correlation_id\":1");
    batch(&w, "c:2", 1, 10 * ms, "\"crc\":200", 1);
    batch(&w, "c:3", 1, 20 * ms, "\"crc\":100", 2);
    batch(&w, "c:4", 1, 30 * ms, "\"producer_id\":1,\"epoch\":0,\"sequence\":0", 3);
    batch(&w, "c:4", 2, 40 * ms, "\"producer_id\":1,\"epoch\":0,\"sequence\":1", 4);
    batch(&w, "c:4", 3, 50 * ms, "\"producer_id\":1,\"epoch\":0,\"sequence\":0", 3);
    batch(&w, "c:5", 1, 60 * ms, "\"crc\":200", 5);
    check_int(take(&w), 0);
    for (int i = 0; i < 7; i++) check_int(w.timeline.marks[i].again, i == 2 || i == 5);
    for (int i = 0; i < 7; i++) check(!w.timeline.marks[i].late);
    finish(&w);
}

static void check_refused(const char *text, const char *words)
{
    struct world w;
    start(&w);
    exchange(&w, "c:1", "p", "Produce", 1, 0, ms, "");
    fprintf(w.file, "%s\n", text);
    check_int(take(&w), ERR_INVALID);
    if (!strstr(w.error.text, words)) unit_fail("%s", w.error.text);
    check(strstr(w.error.text, ":2: ") != NULL);
    finish(&w);
}

TEST(timeline, an_answer_that_a_partition_held_comes_when_it_was_let_through)
{
    struct world w;
    start(&w);
    exchange(&w, "c:1", "p", "Produce", 7, 0, ms, "");
    line(&w, "delay", "fault", 0, ",\"client\":\"c:1\",\"correlation_id\":7,\"delay_ns\":250,\"held_ns\":0");
    line(&w, "held", "fault", 501 * ms, ",\"client\":\"c:1\",\"correlation_id\":7,\"held_ns\":500000000");
    line(&w, "partition", "event", ms / 2, ",\"duration_ns\":500500000,\"requests\":false,\"responses\":true");
    check_int(take(&w), 0);
    check_int(w.timeline.marks[0].end_ns - w.timeline.marks[0].begin_ns, 501 * ms);
    check_int(w.timeline.marks[0].delay_ns, 250);
    check_int(w.timeline.marks[0].fault, TIMELINE_FINE);
    check_str(w.timeline.events[0].label, "no answers");
    finish(&w);
}

TEST(timeline, what_is_no_log_is_refused_with_its_line)
{
    check_refused("{\"type\":\"exchange\",", "no JSON");
    check_refused("{\"a\":1}", "without \"type\"");
    check_refused("[1]", "without \"type\"");
    check_refused("{\"type\":\"exchange\"}", "\"exchange\" lacks");
    check_refused("{\"type\":\"fault\",\"what\":\"eaten\",\"time_ns\":1}", "\"fault\" lacks");
    check_refused("{\"type\":\"event\",\"time_ns\":1}", "\"event\" lacks");
}

/* --- layout --- */

TEST(timeline, what_is_dense_is_a_band_and_what_is_not_stands_alone)
{
    struct world w;
    start(&w);
    for (int i = 0; i < 1000; i++) exchange(&w, "c:1", "p", "Produce", i, i * ms, ms / 2, "");
    exchange(&w, "c:1", "p", "Produce", 2000, 5 * second, ms, "");
    exchange(&w, "c:1", "p", "Produce", 2001, 10 * second, ms, "");
    check_int(take(&w), 0);
    check_int(lay_out(&w), 0);
    check_int(w.layout.bar_count, 3);
    check_int(w.layout.bars[0].count, 1000);
    check_int(w.layout.bars[0].records, 5000);
    check_int(w.layout.bars[1].count, 1);
    check_int(w.layout.banded, 1000);
    check_int(w.layout.requests, 1002);
    double tenth = (w.layout.right - w.layout.left) / 10;
    check(w.layout.bars[0].width > tenth - 1 && w.layout.bars[0].width < tenth + 4); /* no bar is too thin to be seen */
    check(w.layout.bars[1].x > w.layout.left + 4.9 * tenth && w.layout.bars[1].x < w.layout.left + 5.1 * tenth);
    check_int(w.layout.arrow_count, 4);
    finish(&w);
}

TEST(timeline, what_was_lost_is_in_no_band)
{
    struct world w;
    start(&w);
    for (int i = 0; i < 300; i++) exchange(&w, "c:1", "p", "Produce", i, i * ms, ms / 2, "");
    line(&w, "drop_response", "fault", 150 * ms, ",\"client\":\"c:1\",\"correlation_id\":150");
    line(&w, "drop_request", "fault", 250 * ms, ",\"client\":\"c:1\",\"correlation_id\":250");
    check_int(take(&w), 0);
    check_int(lay_out(&w), 0);
    int alone = 0;
    for (int i = 0; i < w.layout.bar_count; i++) alone += w.layout.bars[i].lost;
    check_int(alone, 2);
    check_int(w.layout.note_count, 2);
    /* an answer that was lost: there, and half the way back; a request: half the way there */
    check_int(w.layout.arrow_count, 3);
    check(!w.layout.arrows[0].lost && w.layout.arrows[1].lost && w.layout.arrows[2].lost);
    check(w.layout.arrows[1].from_y > w.layout.arrows[1].to_y && w.layout.arrows[2].from_y < w.layout.arrows[2].to_y);
    finish(&w);
}

/* 600 of 6,000 were lost: as many signs as have room, which count all of them, in order and apart. */
TEST(timeline, a_crowd_of_signs_is_counted)
{
    struct world w;
    start(&w);
    for (int i = 0; i < 6000; i++) exchange(&w, "c:1", "p", "Produce", i, i * ms, ms / 2, "");
    for (int i = 0; i < 6000; i += 10) {
        char more[64];
        snprintf(more, sizeof more, ",\"client\":\"c:1\",\"correlation_id\":%d", i);
        line(&w, "cut_response", "fault", i * ms, more);
    }
    check_int(take(&w), 0);
    check_int(lay_out(&w), 0);
    int64_t counted = 0;
    check(w.layout.rows[0].crowded);
    check(w.layout.note_count <= 16);
    for (int i = 0; i < w.layout.note_count; i++) {
        counted += w.layout.notes[i].count;
        if (i > 0) check(w.layout.notes[i].x > w.layout.notes[i - 1].x + 80); /* "x12345" */
    }
    check_int(counted, 600);
    check_int(w.layout.arrow_count, 0);
    struct buf svg = {0};
    timeline_svg(&w.layout, SVG_LIGHT, &svg);
    check(strstr(buf_cstr(&svg), ">produce: 6000 requests, 30000 records, 600 lost<") != NULL);
    check(strstr(buf_cstr(&svg), "; a sign with a number stands for so many<") != NULL);
    buf_release(&svg);
    finish(&w);
}

TEST(timeline, a_member_joins_has_its_partitions_and_leaves)
{
    struct world w;
    start(&w);
    exchange(&w, "c:1", "r", "JoinGroup", 1, 0, second,
             ",\"detail\":{\"group\":\"g\",\"member\":\"\",\"joined_as\":\"r-1\"}");
    exchange(&w, "c:1", "r", "SyncGroup", 2, second, ms,
             ",\"detail\":{\"group\":\"g\",\"member\":\"r-1\",\"generation\":4,\"assigned\":[{\"topic\":\"t\","
             "\"partition\":0},"
             "{\"topic\":\"t\",\"partition\":1},{\"topic\":\"t\",\"partition\":3},{\"topic\":\"u\",\"partition\":0}]}");
    exchange(&w, "c:1", "r", "Heartbeat", 3, 2 * second, ms,
             ",\"detail\":{\"group\":\"g\",\"member\":\"r-1\",\"generation\":4}");
    exchange(&w, "c:1", "r", "LeaveGroup", 4, 3 * second, ms, ",\"detail\":{\"group\":\"g\",\"member\":\"r-1\"}");
    check_int(take(&w), 0);
    check_int(lay_out(&w), 0);
    check_int(w.layout.state_count, 3); /* and the broker, up */
    check_int(w.layout.states[0].kind, LAYOUT_JOINING);
    check_int(w.layout.states[1].kind, LAYOUT_MEMBER);
    check_str(w.layout.states[1].text, "gen. 4: t 0-1, 3; u 0");
    check(w.layout.states[0].x + w.layout.states[0].width <= w.layout.states[1].x + 0.5);
    check_int(w.layout.states[2].kind, LAYOUT_UP);
    finish(&w);
}

TEST(timeline, a_broker_that_comes_back_elsewhere_is_the_same_one)
{
    struct world w;
    start(&w);
    exchange(&w, "c:1", "p", "Produce", 1, 0, ms, "");
    line(&w, "kill", "event", second, ",\"broker\":\"127.0.0.1:9092\",\"text\":\"kill -9 5\"");
    line(&w, "ready", "event", 3 * second, ",\"broker\":\"127.0.0.1:5555\",\"text\":\"ready\"");
    fprintf(w.file,
            "{\"type\":\"exchange\",\"client\":\"c:2\",\"broker\":\"127.0.0.1:5555\",\"api\":\"Produce\",\"status\":"
            "\"answered\","
            "\"client_id\":\"p\",\"correlation_id\":1,\"request_time_ns\":%lld,\"last_byte_ns\":5}\n",
            (long long)(epoch + 4 * second));
    check_int(take(&w), 0);
    check_int(w.timeline.broker_count, 1);
    check_int(lay_out(&w), 0);
    check_int(w.layout.state_count, 3);
    check_int(w.layout.states[1].kind, LAYOUT_DOWN);
    check_str(w.layout.states[1].text, "down 2.00 s");
    check_int(w.layout.flag_count, 2);
    finish(&w);
}

TEST(timeline, many_lanes_make_the_picture_higher_and_nothing_overlaps)
{
    struct world w;
    start(&w);
    for (int i = 0; i < 80; i++) {
        char id[32], connection[32];
        snprintf(id, sizeof id, "client-%d", i);
        snprintf(connection, sizeof connection, "c:%d", i);
        exchange(&w, connection, id, "Produce", 1, i * ms, ms, "");
    }
    check_int(take(&w), 0);
    check_int(lay_out(&w), 0);
    check_int(w.layout.row_count, LAYOUT_LANES_MAX + 1);
    check_int(w.layout.lanes_left_out, 80 - LAYOUT_LANES_MAX);
    check(w.layout.height > LAYOUT_HEIGHT);
    for (int i = 1; i < w.layout.row_count; i++)
        check(w.layout.rows[i].y >= w.layout.rows[i - 1].y + w.layout.rows[i - 1].height);
    check(w.layout.rows[w.layout.row_count - 1].y + w.layout.rows[w.layout.row_count - 1].height <=
          w.layout.bottom + 0.5);
    finish(&w);
}

TEST(timeline, ticks)
{
    check(layout_step(10, 12) == 1);
    check(layout_step(60, 12) == 5);
    check(layout_step(61, 12) == 10);
    check(layout_step(4.4, 12) == 0.5);
    check(layout_step(0.01, 12) > 0.00099 && layout_step(0.01, 12) < 0.00101);
}

TEST(timeline, nothing_to_draw_is_said)
{
    struct world w;
    start(&w);
    exchange(&w, "c:1", "admin", "Metadata", 1, 0, ms, "");
    check_int(take(&w), 0);
    check_int(lay_out(&w), ERR_NOTFOUND);
    check(strstr(w.error.text, "no request") != NULL);
    finish(&w);
}

TEST(timeline, names_cannot_break_the_document)
{
    struct world w;
    struct buf svg = {0};
    start(&w);
    exchange(&w, "c:1", "</text><script>&", "Produce", 1, 0, ms, "");
    exchange(&w, "c:1", "</text><script>&", "Produce", 2, second, ms, "");
    check_int(take(&w), 0);
    check_int(lay_out(&w), 0);
    timeline_svg(&w.layout, SVG_AUTO, &svg);
    const char *text = buf_cstr(&svg);
    check(strstr(text, "&lt;/text&gt;&lt;script&gt;&amp;") != NULL);
    check(strstr(text, "<script") == NULL);
    check(strstr(text, "prefers-color-scheme") != NULL);
    buf_release(&svg);
    finish(&w);
}

/* Everything that a picture can have, in one: its legend has two lines, and both are inside. */
TEST(timeline, a_long_legend_has_two_lines)
{
    struct world w;
    struct buf svg = {0};
    int lines = 0;
    start(&w);
    for (int i = 0; i < 50; i++) exchange(&w, "c:9", "q", "Produce", i, i, ms, "");
    batch(&w, "c:1", 1, 0, "\"crc\":100", -1);
    batch(&w, "c:2", 1, 100 * ms, "\"crc\":200", 0);
    batch(&w, "c:3", 1, 200 * ms, "\"crc\":100", 2);
    batch(&w, "c:3", 2, 300 * ms, "\"producer_id\":1,\"epoch\":0,\"sequence\":0", 3);
    batch(&w, "c:3", 3, 400 * ms, "\"producer_id\":1,\"epoch\":0,\"sequence\":0", 3);
    exchange(&w, "c:5", "r", "JoinGroup", 1, 0, second, ",\"detail\":{\"group\":\"g\",\"member\":\"r-1\"}");
    exchange(&w, "c:5", "r", "Heartbeat", 2, second, ms, ",\"detail\":{\"group\":\"g\",\"member\":\"r-1\"}");
    exchange(&w, "c:5", "r", "OffsetCommit", 3, second, ms, "");
    check_int(take(&w), 0);
    check_int(lay_out(&w), 0);
    timeline_svg(&w.layout, SVG_LIGHT, &svg);
    double below = 0;
    for (const char *at = buf_cstr(&svg); (at = strstr(at, "<text x=\"")) != NULL; at++) {
        double x, y, size;
        char words[256];
        if (sscanf(at, "<text x=\"%lf\" y=\"%lf\" font-size=\"%lf\" class=\"tl-ink\">%255[^<]", &x, &y, &size, words) !=
            4)
            continue;
        if (y < w.layout.bottom + 40) continue;
        check(x + (double)strlen(words) * size * 0.5 <= w.layout.right);
        lines += y > below;
        if (y > below) below = y;
    }
    check_int(lines, 2);
    check(below + 30 < w.layout.height);
    buf_release(&svg);
    finish(&w);
}
