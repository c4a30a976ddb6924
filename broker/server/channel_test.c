#include "broker/server/channel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit.h"

static struct channel *channel_pair(int *peer)
{
    int pair[2];
    check_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    *peer = pair[1];
    return channel_new(1, pair[0]);
}

/* Feeds `bytes` in parts of `step` and collects the frames, each followed by '|'. */
static int frames_of(struct channel *c, const char *bytes, size_t n, size_t step, struct buf *out)
{
    for (size_t at = 0; at < n; at += step) {
        struct slice in = slice_of(bytes + at, n - at < step ? n - at : step);
        while (in.n) {
            struct shared *frame;
            int rc = channel_feed(c, &in, 1000, &frame);
            if (rc < 0) return rc;
            if (rc == 0) break;
            buf_append(out, frame->p, frame->n);
            buf_append_str(out, "|");
            shared_unref(frame);
        }
    }
    return 0;
}

TEST(channel, frames_come_out_whole_however_their_bytes_come_in)
{
    static const char bytes[] = "\0\0\0\3abc\0\0\0\0\0\0\0\5defgh\0\0\0\1i";
    for (size_t step = 1; step < sizeof bytes; step++) {
        int peer;
        struct channel *c = channel_pair(&peer);
        struct buf out = {0};
        check_int(frames_of(c, bytes, sizeof bytes - 1, step, &out), 0);
        check_str(buf_cstr(&out), "abc||defgh|i|");
        buf_release(&out);
        channel_free(c);
        close(peer);
    }
}

TEST(channel, a_size_out_of_bounds_is_refused)
{
    static const char *const sizes[] = {"\x7f\xff\xff\xff", "\xff\xff\xff\xff", "\0\0\x03\xe9"};
    for (int i = 0; i < 3; i++) {
        int peer;
        struct channel *c = channel_pair(&peer);
        struct buf out = {0};
        check_int(frames_of(c, sizes[i], 4, 4, &out), ERR_RANGE);
        channel_free(c);
        close(peer);
    }
}

TEST(channel, a_promise_costs_what_was_sent)
{
    int peer;
    struct channel *c = channel_pair(&peer);
    static uint8_t start[1004] = {0x05, 0xa0, 0, 0}; /* 90 MiB */
    struct slice in = slice_of(start, sizeof start);
    struct shared *frame;
    check_int(channel_feed(c, &in, 100 << 20, &frame), 0);
    check(channel_frame_memory(c) <= 64 * 1024);
    size_t room;
    for (int i = 0; i < 100; i++) { /* read straight into the frame */
        check(channel_window(c, &room));
        check_int(channel_window_filled(c, room, &frame), 0);
        check(channel_frame_memory(c) <= 2 * c->frame.n + 64 * 1024);
    }
    channel_free(c);
    close(peer);
}

TEST(channel, what_the_socket_does_not_take_waits_in_order)
{
    int peer;
    struct channel *c = channel_pair(&peer);
    int directory = open("/tmp", O_RDONLY | O_DIRECTORY);
    struct file_cache files;
    file_cache_init(&files, directory, 8, NULL);
    struct shared *held = shared_new(600000);
    memset(held->p, 'h', held->n);
    uint8_t passing[4] = "pass"; /* lives only until channel_send returns */
    struct action_piece pieces[] = {{.bytes = slice_of(held->p, held->n), .shared = held},
                                    {.bytes = slice_of(passing, sizeof passing)}};
    check_int(channel_send(c, &files, pieces, 2), 0);
    check(!channel_is_drained(c));
    memset(passing, 'x', sizeof passing);
    struct buf got = {0};
    while (got.n < 600004) {
        ssize_t n = read(peer, buf_reserve(&got, 65536), 65536);
        if (n > 0) got.n += (size_t)n;
        check_int(channel_flush(c, &files), 0);
    }
    check(channel_is_drained(c));
    check_mem(got.p + 600000, "pass", 4);
    check_int(held->references, 1);
    close(peer);
    check_int(channel_send(c, &files, pieces, 1), ERR_CLOSED);
    shared_unref(held);
    buf_release(&got);
    channel_free(c);
    file_cache_release(&files);
}

TEST(channel, what_is_gathered_goes_out_in_one_piece)
{
    int peer;
    struct channel *c = channel_pair(&peer);
    char borrowed[4] = "one.", got[16];
    struct shared *held = shared_new(4);
    memcpy(held->p, "two.", 4);
    c->gathers = true;
    check_int(channel_send(c, NULL, &(struct action_piece){.bytes = slice_of(borrowed, 4)}, 1), 0);
    check_int(channel_send(c, NULL, &(struct action_piece){.bytes = slice_of(held->p, 4), .shared = held}, 1), 0);
    memset(borrowed, 'x', sizeof borrowed); /* its step is over */
    shared_unref(held);
    check_int(recv(peer, got, sizeof got, MSG_DONTWAIT), -1);
    check_int(c->out_bytes, 8);
    c->gathers = false;
    check_int(channel_flush(c, NULL), 0);
    check_int(recv(peer, got, sizeof got, MSG_DONTWAIT), 8);
    check_mem(got, "one.two.", 8);
    check(channel_is_drained(c));
    channel_free(c);
    close(peer);
}
