#include "etl/stream/message.h"

#include "tests/unit.h"

/* librdkafka starts its threads with thrd_create, which ThreadSanitizer does not know: they crash. */
#ifndef __SANITIZE_THREAD__

/* A message with headers exists only inside of librdkafka. A producer without brokers makes one: what is purged from
 * its queue comes back through the delivery callback. */
struct returned {
    void (*look)(const rd_kafka_message_t *m, void *context);
    void *context;
    int count;
};

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    struct returned *r = opaque;
    r->count++;
    r->look(m, r->context);
}

static void through(rd_kafka_headers_t *headers, struct slice key, struct slice value,
                    void (*look)(const rd_kafka_message_t *m, void *context), void *context)
{
    struct returned r = {look, context, 0};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(conf, &r);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_conf_set(conf, "log_level", "2", NULL, 0); /* it misses its brokers */
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    check(rk);
    check_int(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(3),
                                RD_KAFKA_V_VALUE((void *)(uintptr_t)value.p, value.n),
                                RD_KAFKA_V_KEY((void *)(uintptr_t)key.p, key.n), RD_KAFKA_V_HEADERS(headers),
                                RD_KAFKA_V_END),
              RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE);
    for (int i = 0; i < 100 && r.count == 0; i++) rd_kafka_poll(rk, 100);
    check_int(r.count, 1);
    rd_kafka_destroy(rk);
}

static void same_record(const rd_kafka_message_t *m, void *context)
{
    const struct record *sent = context;
    struct arena arena = {0};
    struct message found;
    check_int(message_decode(m, &arena, &found, NULL), 0);
    check_int(found.kind, MESSAGE_RECORD);
    check(slice_equal(found.stream, SLICE_LIT("abc")));
    check(slice_equal(found.record.at.file, sent->at.file));
    check(slice_equal(found.record.raw, sent->raw));
    check(slice_equal(found.record.layout, sent->layout));
    check_int(found.record.at.line, sent->at.line);
    check_int(found.record.at.number, sent->at.number);
    check_int(found.source.n, 0);
    check_int(found.record.at.byte_offset, sent->at.byte_offset);
    check_int(found.record.repeated, sent->repeated);
    check_int(found.record.late_s, sent->late_s);
    arena_release(&arena);
}

TEST(message, a_record_arrives_with_all_that_is_known_of_it)
{
    struct record full = {{SLICE_LIT("day one.csv"), 5000000000, 77, 78},
                          SLICE_LIT("a,\0b\xff"),
                          SLICE_LIT("8:0,2,1"),
                          true,
                          -3600,
                          0,
                          0};
    struct record numbered = {{SLICE_LIT("shop.db:customers"), 9, 0, 9}, SLICE_LIT("x"), {0}, false, 0, 0, 0};
    struct record bare = {{SLICE_LIT("x"), 0, 1, 1}, {0}, {0}, false, 0, 0, 0};
    through(message_record_headers("abc", NULL, &full), SLICE_LIT("k"), full.raw, same_record, &full);
    through(message_record_headers("abc", NULL, &numbered), SLICE_LIT("k"), numbered.raw, same_record, &numbered);
    through(message_record_headers("abc", NULL, &bare), SLICE_LIT("k"), bare.raw, same_record, &bare);
}

static void same_file(const rd_kafka_message_t *m, void *context)
{
    const struct file_fact *sent = context;
    struct arena arena = {0};
    struct message found;
    check_int(message_decode(m, &arena, &found, NULL), 0);
    check_int(found.kind, MESSAGE_FILE);
    check(slice_equal(found.file.file, sent->file));
    check(slice_equal(found.file.digest, sent->digest));
    check(slice_equal(found.file.skipped_as_identical_to, sent->skipped_as_identical_to));
    check_int(found.file.bytes, sent->bytes);
    check_int(found.file.lines, sent->lines);
    arena_release(&arena);
}

TEST(message, a_file_arrives_as_it_was)
{
    struct file_fact f = {SLICE_LIT("a \"b\".csv"), SLICE_LIT("00ff"), 1 << 20, 12, SLICE_LIT("a.csv"), 0};
    struct buf value = {0};
    message_file_value(&f, &value);
    through(message_plain_headers("abc", NULL, MESSAGE_FILE), f.file, buf_slice(&value), same_file, &f);
    buf_release(&value);
}

static void is_of_source(const rd_kafka_message_t *m, void *context)
{
    struct arena arena = {0};
    struct message found;
    check_int(message_decode(m, &arena, &found, NULL), 0);
    check(slice_equal(found.source, slice_str(context)));
    arena_release(&arena);
}

TEST(message, a_source_is_named_when_there_are_several)
{
    struct record r = {.at = {SLICE_LIT("x"), 0, 1, 1}};
    through(message_record_headers("abc", "orders", &r), SLICE_LIT("k"), r.raw, is_of_source, (char[]){"orders"});
    through(message_plain_headers("abc", "hits", MESSAGE_FILE), SLICE_LIT("k"),
            SLICE_LIT("{\"file\":\"f\",\"digest\":\"\",\"bytes\":1,\"lines\":1,\"skipped_as_identical_to\":\"\"}"),
            is_of_source, (char[]){"hits"});
}

static void is_end(const rd_kafka_message_t *m, void *context)
{
    struct arena arena = {0};
    struct message found;
    (void)context;
    check_int(message_decode(m, &arena, &found, NULL), 0);
    check_int(found.kind, MESSAGE_END);
}

TEST(message, an_end_is_known)
{
    through(message_plain_headers("abc", NULL, MESSAGE_END), (struct slice){0}, SLICE_LIT("abc"), is_end, NULL);
}

static void refused(const rd_kafka_message_t *m, void *context)
{
    struct arena arena = {0};
    struct message found;
    struct err_text error = {0};
    check_int(message_decode(m, &arena, &found, &error), ERR_CORRUPT);
    if (!strstr(error.text, context)) unit_fail("\"%s\" does not say %s", error.text, (const char *)context);
    if (!strstr(error.text, "topic t, partition 3")) unit_fail("\"%s\" does not say where", error.text);
    arena_release(&arena);
}

static rd_kafka_headers_t *headers(const char *const *pairs)
{
    rd_kafka_headers_t *h = rd_kafka_headers_new(4);
    for (; *pairs; pairs += 2) rd_kafka_header_add(h, pairs[0], -1, pairs[1], -1);
    return h;
}

TEST(message, says_which_header_is_wrong)
{
    static const struct {
        const char *pairs[9], *expected;
    } cases[] = {
        {{NULL}, "no header millrace-stream"},
        {{"millrace-stream", "s", NULL}, "no header millrace-file"},
        {{"millrace-stream", "s", "millrace-file", "f", NULL}, "millrace-line is no line number"},
        {{"millrace-stream", "s", "millrace-file", "f", "millrace-line", "0", NULL}, "millrace-line"},
        {{"millrace-stream", "s", "millrace-file", "f", "millrace-number", "0", NULL}, "millrace-number is no number"},
        {{"millrace-stream", "s", "millrace-file", "f", "millrace-line", "1", NULL}, "millrace-offset"},
        {{"millrace-stream", "s", "millrace-file", "f", "millrace-line", "1", "millrace-offset", "-1", NULL},
         "millrace-offset"},
        {{"millrace-stream", "s", "millrace-kind", "start", NULL}, "millrace-kind is none of"},
        {{"millrace-stream", "s", "millrace-kind", "file", NULL}, "not a file message"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        through(headers(cases[i].pairs), SLICE_LIT("k"), SLICE_LIT("{\"file\":1}"), refused,
                (void *)(uintptr_t)cases[i].expected);
}

static void is_at_nine(const rd_kafka_message_t *m, void *context)
{
    struct arena arena = {0};
    struct message found;
    (void)context;
    check_int(message_decode(m, &arena, &found, NULL), 0);
    check(slice_equal(found.stream, SLICE_LIT("s")));
    check(slice_equal(found.record.at.file, SLICE_LIT("f")));
    check_int(found.record.at.line, 7);
    check_int(found.record.at.byte_offset, 9);
    arena_release(&arena);
}

TEST(message, headers_come_in_any_order_among_others_and_the_last_of_a_name_counts)
{
    static const char *const pairs[] = {"millrace-offset", "8", "trace",     "x", "millrace-line",   "7",
                                        "millrace-offset", "9", "millrace-", "y", "millrace-stream", "s",
                                        "millrace-file",   "f", NULL};
    through(headers(pairs), SLICE_LIT("k"), SLICE_LIT("v"), is_at_nine, NULL);
}

static void crc_keep(const rd_kafka_message_t *m, void *context)
{
    *(uint32_t *)context = message_crc(m);
}

TEST(message, the_crc_tells_key_from_value)
{
    uint32_t crc[4];
    static const struct slice pairs[4][2] = {{{(const uint8_t *)"ab", 2}, {(const uint8_t *)"c", 1}},
                                             {{(const uint8_t *)"a", 1}, {(const uint8_t *)"bc", 2}},
                                             {{NULL, 0}, {(const uint8_t *)"abc", 3}},
                                             {{(const uint8_t *)"abc", 3}, {NULL, 0}}};
    for (int i = 0; i < 4; i++) through(rd_kafka_headers_new(0), pairs[i][0], pairs[i][1], crc_keep, &crc[i]);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < i; k++) check(crc[i] != crc[k]);
}

static void gone_record(const rd_kafka_message_t *m, void *context)
{
    struct arena arena = {0};
    struct message found;
    check_int(message_decode(m, &arena, &found, NULL), *(int *)context);
    if (*(int *)context == 0)
        check(found.kind == MESSAGE_RECORD && found.gone && found.version == 7 && found.record.at.number == 9);
    arena_release(&arena);
}

TEST(message, a_record_that_is_gone_has_a_version)
{
    const struct record r = {{SLICE_LIT("shop.db:customers"), 9, 0, 9}, {0}, {0}, false, 0, 0, 0};
    int good = 0, bad = ERR_CORRUPT;
    rd_kafka_headers_t *h = message_record_headers("abc", NULL, &r);
    message_version_add(h, 7, true);
    through(h, SLICE_LIT("k"), slice_of(NULL, 0), gone_record, &good);
    h = message_record_headers("abc", NULL, &r);
    message_version_add(h, 0, true);
    through(h, SLICE_LIT("k"), slice_of(NULL, 0), gone_record, &bad);
}

#endif
