/* Frames through a link under chaos: which bytes come out where and when, for every fate and in any pieces. */
#include "bench/chaos/link.h"

#include "bench/tap/produce_test.h"

enum { EVENTS_MAX = 64 };

static const int64_t ms = 1000000;

struct bench {
    struct chaos_plan plan;
    struct chaos_link_sink sink;
    struct chaos_link *link;
    struct chaos_event events[EVENTS_MAX];
    int event_count;
    int64_t meant, connections, acknowledged, fetched;
    int64_t closed_until_ns[2];
    struct buf out[2];
    int64_t next_ns;
};

static void on_fault(void *context, const struct chaos_event *e)
{
    struct bench *b = context;
    check(b->event_count < EVENTS_MAX);
    b->events[b->event_count++] = *e;
}

static void on_meant(void *context)
{
    ((struct bench *)context)->meant++;
}

static int64_t on_number(void *context)
{
    return ++((struct bench *)context)->connections;
}

static void on_passed(void *context, int api_key, int64_t acknowledged, int64_t fetched)
{
    struct bench *b = context;
    (void)api_key;
    b->acknowledged += acknowledged;
    b->fetched += fetched;
}

static void start(struct bench *b)
{
    *b = (struct bench){.event_count = 0};
    chaos_plan_init(&b->plan);
    b->sink = (struct chaos_link_sink){
        .fault = on_fault, .meant = on_meant, .number = on_number, .passed = on_passed, .context = b};
    b->link = chaos_link_new(&b->plan, &b->sink, "c:1", "b:2");
}

static void finish(struct bench *b)
{
    chaos_link_free(b->link);
    for (int i = 0; i < 2; i++) buf_release(&b->out[i]);
}

static void due(struct bench *b, int64_t now_ns)
{
    struct buf *const out[2] = {&b->out[0], &b->out[1]};
    b->next_ns = chaos_link_due(b->link, now_ns, b->closed_until_ns, out);
}

static void say(struct bench *b, enum tap_stream stream, int64_t now_ns, const struct buf *bytes, size_t piece)
{
    struct slice in = buf_slice(bytes);
    for (size_t n; in.n > 0; in = slice_of(in.p + n, in.n - n)) {
        n = in.n < piece ? in.n : piece;
        chaos_link_bytes(b->link, stream, now_ns, slice_of(in.p, n));
    }
    due(b, now_ns);
}

/* --- frames --- */

/* Three requests with 1, 2 and 3 records, and their answers. */
static void conversation(struct buf *requests, struct buf *responses)
{
    for (int i = 1; i <= 3; i++) {
        produce_request_frame(i, 1, i, requests);
        produce_response_frame(i, 0, responses);
    }
}

/* A plan under which this fault falls on the second request of the first connection, and on no other of three. */
static void fault_second(struct bench *b, enum chaos_fault fault)
{
    b->plan.chances[fault] = CHAOS_MILLION / 3;
    for (b->plan.seed = 1;; b->plan.seed++) {
        bool hit[3];
        for (int i = 0; i < 3; i++) hit[i] = chaos_decide(&b->plan, 1, i + 1).fault == fault;
        if (!hit[0] && hit[1] && !hit[2]) return;
    }
}

static void check_slice(struct slice got, struct slice want)
{
    check_int(got.n, want.n);
    check(slice_equal(got, want));
}

/* --- tests --- */

TEST(chaos_link, without_faults_every_byte_passes_in_any_pieces)
{
    struct buf q = {0}, a = {0};
    conversation(&q, &a);
    for (size_t piece = 1; piece < q.n; piece = piece * 2 + 1) {
        struct bench b;
        start(&b);
        say(&b, TAP_REQUESTS, 0, &q, piece);
        say(&b, TAP_RESPONSES, 0, &a, piece);
        check_slice(buf_slice(&b.out[TAP_REQUESTS]), buf_slice(&q));
        check_slice(buf_slice(&b.out[TAP_RESPONSES]), buf_slice(&a));
        check_int(b.acknowledged, 6);
        check_int(b.meant, 3);
        check_int(b.event_count, 0);
        check_int(b.next_ns, INT64_MAX);
        finish(&b);
    }
    buf_release(&q);
    buf_release(&a);
}

TEST(chaos_link, a_lost_request_silences_the_way_to_the_broker)
{
    struct bench b;
    struct buf q = {0}, a = {0}, first = {0}, answer = {0};
    start(&b);
    fault_second(&b, CHAOS_DROP_REQUEST);
    conversation(&q, &a);
    produce_request_frame(1, 1, 1, &first);
    produce_response_frame(1, 0, &answer);
    say(&b, TAP_REQUESTS, 0, &q, 7);
    say(&b, TAP_RESPONSES, 0, &answer, 7);
    check_slice(buf_slice(&b.out[TAP_REQUESTS]), buf_slice(&first));
    check_slice(buf_slice(&b.out[TAP_RESPONSES]), buf_slice(&answer));
    check_int(b.event_count, 1);
    check_int(b.events[0].fate.fault, CHAOS_DROP_REQUEST);
    check_int(b.events[0].request, 2);
    check_int(b.events[0].correlation_id, 2);
    check_int(b.events[0].records, 2);
    check_int(b.acknowledged, 1);
    finish(&b);
    buf_release(&q);
    buf_release(&a);
    buf_release(&first);
    buf_release(&answer);
}

TEST(chaos_link, a_lost_answer_comes_after_the_work)
{
    struct bench b;
    struct buf q = {0}, a = {0}, first = {0};
    start(&b);
    fault_second(&b, CHAOS_DROP_RESPONSE);
    conversation(&q, &a);
    produce_response_frame(1, 0, &first);
    say(&b, TAP_REQUESTS, 0, &q, 1000);
    check_int(b.event_count, 0);
    say(&b, TAP_RESPONSES, 0, &a, 1000);
    check_slice(buf_slice(&b.out[TAP_REQUESTS]), buf_slice(&q));
    check_slice(buf_slice(&b.out[TAP_RESPONSES]), buf_slice(&first));
    check_int(b.event_count, 1);
    check_int(b.events[0].fate.fault, CHAOS_DROP_RESPONSE);
    check_int(b.acknowledged, 1);
    finish(&b);
    buf_release(&q);
    buf_release(&a);
    buf_release(&first);
}

TEST(chaos_link, a_cut_leaves_half_a_request)
{
    struct bench b;
    struct buf q = {0}, a = {0}, first = {0}, second = {0};
    start(&b);
    fault_second(&b, CHAOS_CUT);
    conversation(&q, &a);
    produce_request_frame(1, 1, 1, &first);
    produce_request_frame(2, 1, 2, &second);
    say(&b, TAP_REQUESTS, 0, &q, 1000);
    check(b.next_ns == CHAOS_LINK_CUT);
    check_slice(buf_slice(&b.out[TAP_REQUESTS]), slice_of(q.p, first.n + second.n / 2));
    finish(&b);
    buf_release(&q);
    buf_release(&a);
    buf_release(&first);
    buf_release(&second);
}

TEST(chaos_link, a_cut_in_place_of_an_answer)
{
    struct bench b;
    struct buf q = {0}, a = {0}, first = {0};
    start(&b);
    fault_second(&b, CHAOS_CUT_RESPONSE);
    conversation(&q, &a);
    produce_response_frame(1, 0, &first);
    say(&b, TAP_REQUESTS, 0, &q, 1000);
    check(b.next_ns == INT64_MAX);
    say(&b, TAP_RESPONSES, 0, &a, 1000);
    check(b.next_ns == CHAOS_LINK_CUT);
    check_slice(buf_slice(&b.out[TAP_REQUESTS]), buf_slice(&q));
    check_slice(buf_slice(&b.out[TAP_RESPONSES]), buf_slice(&first));
    finish(&b);
    buf_release(&q);
    buf_release(&a);
    buf_release(&first);
}

/* A request that is delayed for long is not overtaken by one that is delayed for a moment. */
TEST(chaos_link, delays_keep_the_order)
{
    struct bench b;
    struct buf q = {0}, a = {0};
    start(&b);
    b.plan.delay_max_ns = 1000;
    conversation(&q, &a);
    for (b.plan.seed = 1; chaos_decide(&b.plan, 1, 1).delay_ns < chaos_decide(&b.plan, 1, 2).delay_ns + 100;)
        b.plan.seed++;
    int64_t first_ns = chaos_decide(&b.plan, 1, 1).delay_ns;
    say(&b, TAP_REQUESTS, 0, &q, 1000);
    check_int(b.out[TAP_REQUESTS].n, 0);
    check_int(b.next_ns, first_ns);
    check_int(chaos_link_held(b.link, TAP_REQUESTS), q.n);
    due(&b, first_ns - 1);
    check_int(b.out[TAP_REQUESTS].n, 0);
    due(&b, 1000);
    check_slice(buf_slice(&b.out[TAP_REQUESTS]), buf_slice(&q));
    check_int(chaos_link_held(b.link, TAP_REQUESTS), 0);
    check_int(b.event_count, 3);
    finish(&b);
    buf_release(&q);
    buf_release(&a);
}

TEST(chaos_link, what_is_closed_waits_and_then_passes)
{
    struct bench b;
    struct buf q = {0}, a = {0};
    start(&b);
    conversation(&q, &a);
    b.closed_until_ns[TAP_RESPONSES] = 500 * ms;
    say(&b, TAP_REQUESTS, 0, &q, 1000);
    say(&b, TAP_RESPONSES, 0, &a, 1000);
    check_int(b.out[TAP_REQUESTS].n, q.n);
    check_int(b.out[TAP_RESPONSES].n, 0);
    check_int(b.next_ns, 500 * ms);
    check_int(b.acknowledged, 0);
    due(&b, 500 * ms);
    check_slice(buf_slice(&b.out[TAP_RESPONSES]), buf_slice(&a));
    check_int(b.acknowledged, 6);
    check_int(b.event_count, 3); /* each answer was held */
    check_int(b.events[0].held_ns, 500 * ms);
    check_int(b.events[0].correlation_id, 1);
    finish(&b);
    buf_release(&q);
    buf_release(&a);
}

TEST(chaos_link, what_is_not_meant_has_no_number)
{
    struct bench b;
    struct buf q = {0}, a = {0};
    struct err_text error = {""};
    start(&b);
    chaos_plan_apis(&b.plan, "Fetch", &error);
    b.plan.chances[CHAOS_DROP_REQUEST] = CHAOS_MILLION;
    conversation(&q, &a);
    say(&b, TAP_REQUESTS, 0, &q, 1000);
    check_slice(buf_slice(&b.out[TAP_REQUESTS]), buf_slice(&q));
    check_int(b.meant, 0);
    check_int(b.connections, 0);
    finish(&b);
    buf_release(&q);
    buf_release(&a);
}

TEST(chaos_link, acks_0_counts_when_it_is_passed_on_and_has_no_answer_to_lose)
{
    struct bench b;
    struct buf q = {0};
    start(&b);
    b.plan.chances[CHAOS_DROP_RESPONSE] = CHAOS_MILLION;
    produce_request_frame(1, 0, 5, &q);
    say(&b, TAP_REQUESTS, 0, &q, 1000);
    check_slice(buf_slice(&b.out[TAP_REQUESTS]), buf_slice(&q));
    check_int(b.acknowledged, 5);
    check_int(b.event_count, 0);
    finish(&b);
    buf_release(&q);
}

TEST(chaos_link, an_answer_with_an_error_acknowledges_nothing)
{
    struct bench b;
    struct buf q = {0}, a = {0};
    start(&b);
    produce_request_frame(1, 1, 5, &q);
    produce_response_frame(1, 6, &a);
    say(&b, TAP_REQUESTS, 0, &q, 1000);
    say(&b, TAP_RESPONSES, 0, &a, 1000);
    check_int(b.acknowledged, 0);
    finish(&b);
    buf_release(&q);
    buf_release(&a);
}

TEST(chaos_link, other_protocols_and_half_frames_pass_as_they_are)
{
    struct bench b;
    struct buf http = {0}, half = {0};
    start(&b);
    b.plan.chances[CHAOS_DROP_REQUEST] = CHAOS_MILLION;
    buf_append_str(&http, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    say(&b, TAP_REQUESTS, 0, &http, 5);
    check_slice(buf_slice(&b.out[TAP_REQUESTS]), buf_slice(&http));
    finish(&b);
    start(&b);
    buf_append(&half, "\0\0\0\x20\0\x12\0\0\0\0\0\1\0", 13);
    say(&b, TAP_REQUESTS, 0, &half, 5);
    check_int(b.out[TAP_REQUESTS].n, 0);
    chaos_link_ended(b.link, TAP_REQUESTS);
    due(&b, 0);
    check_slice(buf_slice(&b.out[TAP_REQUESTS]), buf_slice(&half));
    finish(&b);
    buf_release(&http);
    buf_release(&half);
}

/* --- large frames --- */

enum { LARGE = 3 << 20 };

/* Three requests whose one record is so large, and their answers; where the frames of the requests end. */
static void large_conversation(struct buf *requests, struct buf *responses, size_t ends[3])
{
    struct buf value = {0}, batch = {0};
    for (int i = 0; i < LARGE; i++) buf_append_byte(&value, (uint8_t)(i * 7 + (i >> 8)));
    batch_with(1, buf_slice(&value), &batch);
    for (int i = 0; i < 3; i++) {
        produce_request_with(i + 1, 1, buf_slice(&batch), requests);
        produce_response_frame(i + 1, 0, responses);
        ends[i] = requests->n;
    }
    buf_release(&value);
    buf_release(&batch);
}

/* As a proxy would: what it has read, 64 KiB each time, with a look at what is due after each. `held_max`: the most
 * that waited. */
static void say_slowly(struct bench *b, enum tap_stream stream, const struct buf *bytes, size_t *held_max)
{
    enum { READ = 64 << 10 };
    for (size_t at = 0; at < bytes->n; at += READ) {
        size_t n = bytes->n - at < READ ? bytes->n - at : READ, held;
        chaos_link_bytes(b->link, stream, 0, slice_of(bytes->p + at, n));
        due(b, 0);
        held = chaos_link_held(b->link, stream);
        if (held > *held_max) *held_max = held;
        if (b->next_ns == CHAOS_LINK_CUT) return;
    }
}

TEST(chaos_link, every_fate_of_a_frame_of_3_MiB)
{
    struct buf q = {0}, a = {0};
    size_t ends[3];
    large_conversation(&q, &a, ends);
    for (int fault = 0; fault < CHAOS_NONE; fault++) {
        struct bench b;
        size_t held_max = 0, passed = ends[2];
        start(&b);
        fault_second(&b, (enum chaos_fault)fault);
        say_slowly(&b, TAP_REQUESTS, &q, &held_max);
        if (fault == CHAOS_DROP_REQUEST) passed = ends[0];
        if (fault == CHAOS_CUT) passed = ends[0] + (ends[1] - ends[0]) / 2;
        check_slice(buf_slice(&b.out[TAP_REQUESTS]), slice_of(q.p, passed));
        check(b.next_ns == (fault == CHAOS_CUT ? CHAOS_LINK_CUT : INT64_MAX));
        finish(&b);
    }
    buf_release(&q);
    buf_release(&a);
}

TEST(chaos_link, large_frames_wait_whole_and_in_order)
{
    struct bench b;
    struct buf q = {0}, a = {0};
    size_t ends[3], held_max = 0;
    large_conversation(&q, &a, ends);
    start(&b);
    b.plan.delay_min_ns = b.plan.delay_max_ns = 20 * ms;
    say_slowly(&b, TAP_REQUESTS, &q, &held_max);
    check_int(b.out[TAP_REQUESTS].n, 0);
    check_int(held_max, q.n);
    due(&b, 20 * ms);
    check_slice(buf_slice(&b.out[TAP_REQUESTS]), buf_slice(&q));
    check_int(chaos_link_held(b.link, TAP_REQUESTS), 0);
    finish(&b);
    start(&b); /* the end in the middle of a frame: what was there goes on */
    chaos_link_bytes(b.link, TAP_REQUESTS, 0, slice_of(q.p, ends[0] + LARGE / 2));
    chaos_link_ended(b.link, TAP_REQUESTS);
    due(&b, 0);
    check_slice(buf_slice(&b.out[TAP_REQUESTS]), slice_of(q.p, ends[0] + LARGE / 2));
    finish(&b);
    buf_release(&q);
    buf_release(&a);
}
