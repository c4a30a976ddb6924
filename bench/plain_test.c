/* Answers that come in pieces, and a load on a sink. */
#include "bench/plain.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/sink.h"
#include "lib/os/net.h"
#include "tests/unit.h"

static struct slice text(const char *s)
{
    return slice_str(s);
}

TEST(plain, a_redis_message_is_a_command_of_its_own)
{
    struct buf out = {0};
    plain_redis.publish(&out, "t", text("12345678"));
    check_str(buf_cstr(&out), "*5\r\n$4\r\nXADD\r\n$1\r\nt\r\n$1\r\n*\r\n$1\r\nm\r\n$8\r\n12345678\r\n");
    buf_release(&out);
}

TEST(plain, redis_answers_are_whole_or_waited_for)
{
    static const char id[] = "$3\r\n1-0\r\n$3\r\n2-0\r\n", refusal[] = "-ERR no memory\r\n";
    struct plain_answer a;
    for (size_t n = 0; n < 9; n++) check_int(plain_redis.answer((struct slice){(const uint8_t *)id, n}, &a), 0);
    check_int(plain_redis.answer(text(id), &a), 9);
    check(a.acked);
    check_int(plain_redis.answer(text(refusal), &a), (int)strlen(refusal));
    check(!a.acked);
    check_int(plain_redis.answer(text(":1\r\n"), &a), -1);
}

static void count_message(void *context, struct slice m)
{
    struct buf *all = context;
    buf_append_slice(all, m);
    buf_append_byte(all, '|');
}

TEST(plain, what_redis_was_read_is_given_once_it_is_whole)
{
    static const char two[] = "*1\r\n*2\r\n$1\r\nt\r\n*2\r\n"
                              "*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nm\r\n$8\r\nAAAAAAAA\r\n"
                              "*2\r\n$4\r\n12-3\r\n*2\r\n$1\r\nm\r\n$9\r\nBBB\r\nBBBB\r\n";
    struct buf seen = {0};
    char position[64] = "";
    for (size_t n = 0; n < strlen(two); n++)
        check_int(plain_redis.reply((struct slice){(const uint8_t *)two, n}, position, count_message, &seen), 0);
    check_int(seen.n, 0);
    check_int(plain_redis.reply(text(two), position, count_message, &seen), (int)strlen(two));
    check_str(buf_cstr(&seen), "AAAAAAAA|BBB\r\nBBBB|");
    check_str(position, "12-3");
    check_int(plain_redis.reply(text("*-1\r\n"), position, count_message, &seen), 5);
    check_str(position, "12-3");
    check_int(plain_redis.reply(text("-ERR\r\n"), position, count_message, &seen), -1);
    buf_release(&seen);
}

TEST(plain, nats_answers_stand_between_what_is_passed_over)
{
    static const char all[] = "INFO {\"a\":1}\r\nMSG _INBOX.x 1 24\r\n{\"stream\":\"b1\", \"seq\":1}\r\nPING\r\n"
                              "MSG _INBOX.x 1 12\r\n{\"error\":{}}\r\n";
    struct plain_answer a;
    size_t at = 0;
    check_int(plain_nats.answer((struct slice){(const uint8_t *)all, 5}, &a), 0);
    at += (size_t)plain_nats.answer(text(all), &a);
    check_int(at, 14);
    check(a.none);
    for (size_t n = 0; n < 45; n++) check_int(plain_nats.answer((struct slice){(const uint8_t *)all + at, n}, &a), 0);
    at += (size_t)plain_nats.answer(text(all + at), &a);
    check(!a.none && a.acked);
    at += (size_t)plain_nats.answer(text(all + at), &a);
    check(a.none);
    at += (size_t)plain_nats.answer(text(all + at), &a);
    check(!a.none && !a.acked);
    check_int(at, sizeof all - 1);
    check_int(plain_nats.answer(text("-ERR 'x'\r\n"), &a), -1);
}

TEST(plain, what_nats_pushes_is_given_frame_by_frame)
{
    static const char two[] =
        "MSG b1 2 $JS.ACK.b1.x.1.1.1.1.2 8\r\nAAAAAAAA\r\nMSG b1 2 $JS.ACK 9\r\nBBB\r\nBBBB\r\nMSG b1";
    struct buf seen = {0};
    char position[64] = "";
    int64_t value = -1;
    check_int(plain_nats.reply(text(two), position, count_message, &seen), (int)strlen(two) - 6);
    check_str(buf_cstr(&seen), "AAAAAAAA|BBB\r\nBBBB|");
    check_int(plain_nats.told(text("INFO {}\r\nMSG q 3 14\r\n{\"messages\":3}\r\n"), &value), 9 + 12 + 16);
    check_int(value, 3);
    check_int(plain_nats.told(text("MSG q 3 12\r\n{\"error\":{}}\r\n"), &value), -1);
    check_int(plain_nats.told(text("INFO {}\r\n"), &value), 0);
    buf_release(&seen);
}

/* Sizes are read where they stand, not in what follows the line: found by the fuzzers. */
TEST(plain, a_size_is_a_number_and_ends_with_its_line)
{
    static const char *const wrong[] = {
        "$\n12", "$\r\n12\r\n", "$ \r\n3", "$3\n1-0", "$99999999999999999999\r\n", "$3x\r\n1-0\r\n"};
    struct plain_answer a;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) check_int(plain_redis.answer(text(wrong[i]), &a), -1);
    check_int(plain_nats.answer(text("MSG a 1 \r\n6\r\n"), &a), -1);
    check_int(plain_nats.answer(text("MSG a 1 -6\r\n"), &a), -1);
    int64_t value;
    check_int(plain_nats.told(text("MSG q 3 11\r\n\"messages\":\r\n7\r\n"), &value), 25);
    check_int(value, 0);
}

static void *sink_one(void *context)
{
    int listener = *(int *)context;
    struct pollfd wait = {.fd = listener, .events = POLLIN};
    if (poll(&wait, 1, 10000) <= 0) return NULL;
    int descriptor = net_accept(listener, NULL);
    net_set_blocking(descriptor, true);
    sink_serve(descriptor);
    return NULL;
}

static void sink_begin(int *listener, pthread_t *thread, char address[64])
{
    struct err_text error = {0};
    struct net_address a = {.host = "127.0.0.1"};
    *listener = net_listen(&a, &a.port, &error);
    check(*listener >= 0);
    snprintf(address, 64, "127.0.0.1:%d", a.port);
    pthread_create(thread, NULL, sink_one, listener);
}

TEST(plain, every_message_to_a_sink_is_answered_and_received)
{
    int listener;
    pthread_t thread;
    char address[64];
    struct err_text error = {0};
    struct histogram ack, end, lag;
    histogram_init(&ack);
    histogram_init(&end);
    histogram_init(&lag);
    struct load_result r = {.ack = &ack, .end_to_end = &end, .lag = &lag};
    struct load_options o = {.protocol = "direct",
                             .topic = "t",
                             .bootstrap = address,
                             .acks = "1",
                             .message_bytes = 100,
                             .count = 500,
                             .rate = 2000,
                             .timeout_ms = 10000};
    sink_begin(&listener, &thread, address);
    if (load_paced(&o, &r, &error) != 0) unit_fail("%s", error.text);
    pthread_join(thread, NULL);
    close(listener);
    check_int(r.acked, 500);
    check_int(r.consumed, 500);
    check_int(r.facts.ledger.lost, 0);
    check_int(ack.total, 500);
    check_int(end.total, 500);
    check(end.max <= ack.max);
    histogram_release(&ack);
    histogram_release(&end);
    histogram_release(&lag);
}

TEST(plain, messages_linger_and_none_is_left)
{
    int listener;
    pthread_t thread;
    char address[64];
    struct err_text error = {0};
    struct load_result r = {0};
    struct load_options o = {.protocol = "direct",
                             .topic = "t",
                             .bootstrap = address,
                             .acks = "1",
                             .message_bytes = 100,
                             .linger_ms = 5,
                             .count = 100001,
                             .timeout_ms = 20000};
    sink_begin(&listener, &thread, address);
    if (load_saturate(&o, &r, &error) != 0) unit_fail("%s", error.text);
    pthread_join(thread, NULL);
    close(listener);
    check_int(r.acked, 100001);
    check_int(r.failed, 0);
    check_int(r.in_log, 100001);
}
