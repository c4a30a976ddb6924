#include "broker/server/channel.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/base/memory.h"

struct channel *channel_new(uint64_t id, int descriptor)
{
    struct channel *c = memory_new(sizeof *c);
    c->id = id;
    c->watch.descriptor = descriptor;
    c->watch.context = c;
    return c;
}

static struct out_piece *piece_at(struct channel *c, int i)
{
    return &c->out[(c->out_first + i) % c->out_capacity];
}

/* A ring that a burst made large is given back once it is empty: idle connections are many. */
static void ring_shrink(struct channel *c)
{
    enum { RING_KEPT = 8 };
    if (c->out_count || c->out_capacity <= RING_KEPT) return;
    free(c->out);
    c->out = NULL;
    c->out_first = c->out_capacity = 0;
}

static void piece_drop(struct channel *c)
{
    struct out_piece *p = piece_at(c, 0);
    shared_unref(p->shared);
    log_file_unref(p->file);
    c->out_first = (c->out_first + 1) % c->out_capacity;
    c->out_count--;
}

void channel_free(struct channel *c)
{
    while (c->out_count) piece_drop(c);
    close(c->watch.descriptor);
    buf_release(&c->frame);
    buf_release(&c->stash);
    free(c->out);
    free(c);
}

/* --- out --- */

static void piece_add(struct channel *c, const struct action_piece *p)
{
    if (c->out_count == c->out_capacity) {
        int capacity = c->out_capacity ? c->out_capacity * 2 : 4;
        struct out_piece *out = memory_grow(NULL, (size_t)capacity, sizeof *out);
        for (int i = 0; i < c->out_count; i++) out[i] = *piece_at(c, i);
        free(c->out);
        c->out = out;
        c->out_first = 0;
        c->out_capacity = capacity;
    }
    struct out_piece *x = piece_at(c, c->out_count++);
    *x = (struct out_piece){p->bytes, p->shared ? shared_ref(p->shared) : NULL, p->file ? log_file_ref(p->file) : NULL,
                            p->at, p->length};
    c->out_bytes += p->file ? 0 : p->bytes.n;
}

/* Takes `n` sent bytes off the memory pieces at the front. */
static void memory_sent(struct channel *c, size_t n)
{
    c->out_bytes -= n;
    c->out_total += n;
    while (c->out_count && !piece_at(c, 0)->file) {
        struct out_piece *p = piece_at(c, 0);
        if (n < p->bytes.n) {
            p->bytes = slice_of(p->bytes.p + n, p->bytes.n - n);
            return;
        }
        n -= p->bytes.n;
        piece_drop(c);
    }
}

/* 1 when something went out, 0 when the socket is full, or an error. */
static int socket_outcome(ssize_t n)
{
    if (n > 0) return 1;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return errno == EINTR ? 1 : 0;
    if (n < 0 && (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN || errno == ETIMEDOUT)) return ERR_CLOSED;
    return n < 0 ? err_from_errno(errno) : ERR_CORRUPT; /* 0: the file is shorter than the log believes */
}

static int memory_send(struct channel *c)
{
    enum { VECTOR_MAX = 64 };
    struct iovec vector[VECTOR_MAX];
    int count = 0;
    while (count < c->out_count && count < VECTOR_MAX && !piece_at(c, count)->file) {
        struct slice s = piece_at(c, count)->bytes;
        vector[count++] = (struct iovec){(void *)s.p, s.n};
    }
    /* A header whose records follow from a file goes out together with them. */
    int more = count < c->out_count ? MSG_MORE : 0;
    struct msghdr message = {.msg_iov = vector, .msg_iovlen = (size_t)count};
    ssize_t n = sendmsg(c->watch.descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT | more);
    if (n > 0) memory_sent(c, (size_t)n);
    return socket_outcome(n);
}

static int file_send(struct channel *c, struct file_cache *files)
{
    struct out_piece *p = piece_at(c, 0);
    int descriptor = file_cache_get(files, p->file, false);
    if (descriptor < 0) return descriptor;
    off_t at = (off_t)p->at;
    ssize_t n =
        sendfile(c->watch.descriptor, descriptor, &at, p->length < FLUSH_BYTES_MAX ? p->length : FLUSH_BYTES_MAX);
    if (n > 0) {
        c->out_total += (uint64_t)n;
        p->at += (uint64_t)n;
        p->length -= (uint64_t)n;
        if (p->length == 0) piece_drop(c);
    }
    return socket_outcome(n);
}

int channel_flush(struct channel *c, struct file_cache *files)
{
    uint64_t before = c->out_total;
    while (c->out_count) {
        int rc = piece_at(c, 0)->file ? file_send(c, files) : memory_send(c);
        if (rc <= 0) return rc;
        if (c->out_total - before >= FLUSH_BYTES_MAX) return 0;
    }
    ring_shrink(c);
    return 0;
}

int channel_send(struct channel *c, struct file_cache *files, const struct action_piece *pieces, int count)
{
    bool was_empty = c->out_count == 0;
    for (int i = 0; i < count; i++)
        if (pieces[i].file ? pieces[i].length > 0 : pieces[i].bytes.n > 0) piece_add(c, &pieces[i]);
    int rc = was_empty && !c->gathers ? channel_flush(c, files) : 0;
    /* What has no holder lives in the actions of this step: it is copied only if it must wait. */
    for (int i = 0; i < c->out_count; i++) {
        struct out_piece *p = piece_at(c, i);
        if (p->file || p->shared) continue;
        p->shared = shared_new(p->bytes.n);
        memcpy(p->shared->p, p->bytes.p, p->bytes.n);
        p->bytes.p = p->shared->p;
    }
    return rc;
}

bool channel_is_drained(const struct channel *c)
{
    return c->out_count == 0;
}

bool channel_is_congested(const struct channel *c)
{
    return c->out_bytes > OUTPUT_BYTES_MAX || c->out_count > OUTPUT_PIECES_MAX;
}

/* --- in --- */

enum { FRAME_FIRST_BYTES = 64 * 1024 };

static int size_take(struct channel *c, struct slice *in, int64_t size_max)
{
    while (c->size_count < 4 && in->n) {
        c->size_bytes[c->size_count++] = in->p[0];
        *in = slice_of(in->p + 1, in->n - 1);
    }
    if (c->size_count < 4) return 0;
    uint32_t size = get_u32be(c->size_bytes);
    if ((int64_t)size > size_max) return ERR_RANGE;
    c->size_count = 0;
    c->frame_size = size;
    c->in_frame = true;
    return 0;
}

/* Doubling up to the announced size: what is allocated is at most twice what has come, or a small frame. */
static void frame_room(struct channel *c, size_t n)
{
    size_t need = c->frame.n + n;
    if (need <= c->frame.capacity) return;
    size_t capacity = c->frame.capacity * 2;
    if (capacity < FRAME_FIRST_BYTES) capacity = FRAME_FIRST_BYTES;
    if (capacity < need) capacity = need;
    if (capacity > c->frame_size) capacity = c->frame_size;
    buf_reserve(&c->frame, capacity - c->frame.n);
}

static int frame_take(struct channel *c, struct shared **frame)
{
    if (c->frame.n < c->frame_size) return 0;
    c->in_frame = false;
    c->frame_count++;
    *frame = shared_take(&c->frame);
    return 1;
}

int channel_feed(struct channel *c, struct slice *in, int64_t size_max, struct shared **frame)
{
    if (!c->in_frame) {
        int rc = size_take(c, in, size_max);
        if (rc < 0) return rc;
        if (!c->in_frame) return 0;
    }
    size_t left = c->frame_size - c->frame.n, n = left < in->n ? left : in->n;
    frame_room(c, n);
    buf_append(&c->frame, in->p, n);
    *in = slice_of(in->p + n, in->n - n);
    return frame_take(c, frame);
}

uint8_t *channel_window(struct channel *c, size_t *n)
{
    enum { WINDOW_BYTES_MIN = 16 * 1024, WINDOW_BYTES_MAX = 512 * 1024 };
    size_t left = channel_frame_left(c);
    if (left < WINDOW_BYTES_MIN) return NULL;
    frame_room(c, WINDOW_BYTES_MIN);
    size_t room = c->frame.capacity - c->frame.n;
    if (room > left) room = left;
    *n = room < WINDOW_BYTES_MAX ? room : WINDOW_BYTES_MAX;
    return c->frame.p + c->frame.n;
}

int channel_window_filled(struct channel *c, size_t n, struct shared **frame)
{
    c->frame.n += n;
    return frame_take(c, frame);
}

size_t channel_frame_memory(const struct channel *c)
{
    return c->frame.capacity;
}

size_t channel_frame_left(const struct channel *c)
{
    return c->in_frame ? c->frame_size - c->frame.n : 0;
}

bool channel_is_mid_frame(const struct channel *c)
{
    return c->in_frame || c->size_count > 0;
}
