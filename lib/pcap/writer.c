/* file   := magic 0xa1b23c4d (nanoseconds), version 2.4, 0, 0, snap length, link type; packet*
 * packet := seconds, nanoseconds, bytes captured, bytes sent, the bytes          integers as the machine has them
 *
 * Source: the pcap file format of tcpdump.org (draft-ietf-opsawg-pcap). */
#include "lib/pcap/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

struct capture_writer {
    FILE *to;
    struct buf packet;
    bool failed;
};

static void put(struct capture_writer *w, const void *p, size_t n)
{
    if (fwrite(p, 1, n, w->to) != n) w->failed = true;
}

struct capture_writer *capture_writer_to(FILE *to)
{
    struct capture_writer *w = memory_new(sizeof *w);
    w->to = to;
    const uint32_t magic = 0xa1b23c4d, rest[] = {0, 0, 262144, PACKET_LINK_RAW_FILE};
    const uint16_t version[] = {2, 4};
    put(w, &magic, sizeof magic);
    put(w, version, sizeof version);
    put(w, rest, sizeof rest);
    return w;
}

struct capture_writer *capture_writer_new(const char *path, struct err_text *error)
{
    FILE *to = fopen(path, "wbe");
    if (to) return capture_writer_to(to);
    err_set(error, err_from_errno(errno), "%s: %s", path, strerror(errno));
    return NULL;
}

void capture_write_segment(struct capture_writer *w, const struct tcp_segment *s)
{
    buf_reset(&w->packet);
    packet_build(s, &w->packet);
    uint32_t n = (uint32_t)w->packet.n;
    const uint32_t header[] = {(uint32_t)(s->time_ns / 1000000000), (uint32_t)(s->time_ns % 1000000000), n, n};
    put(w, header, sizeof header);
    put(w, w->packet.p, n);
}

static void segment_write(struct capture_writer *w, struct writer_flow *f, int direction, int64_t time_ns,
                          uint8_t flags, struct slice payload)
{
    struct tcp_segment s = {.time_ns = time_ns,
                            .from = f->ends[direction],
                            .to = f->ends[!direction],
                            .sequence = f->next[direction],
                            .acknowledged = flags & TCP_ACK ? f->next[!direction] : 0,
                            .flags = flags,
                            .payload = payload};
    capture_write_segment(w, &s);
    f->next[direction] += (uint32_t)payload.n + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
}

void capture_write_open(struct capture_writer *w, struct writer_flow *f, int64_t time_ns)
{
    segment_write(w, f, 0, time_ns, TCP_SYN, slice_of(NULL, 0));
    segment_write(w, f, 1, time_ns, TCP_SYN | TCP_ACK, slice_of(NULL, 0));
    segment_write(w, f, 0, time_ns, TCP_ACK, slice_of(NULL, 0));
}

void capture_write_bytes(struct capture_writer *w, struct writer_flow *f, int direction, int64_t time_ns,
                         struct slice bytes)
{
    while (bytes.n > 0) {
        size_t n = bytes.n < PACKET_PAYLOAD_MAX ? bytes.n : PACKET_PAYLOAD_MAX;
        segment_write(w, f, direction, time_ns, TCP_ACK, slice_of(bytes.p, n));
        bytes = slice_of(bytes.p + n, bytes.n - n);
    }
}

void capture_write_end(struct capture_writer *w, struct writer_flow *f, int direction, int64_t time_ns)
{
    if (f->ended[direction]) return;
    f->ended[direction] = true;
    segment_write(w, f, direction, time_ns, TCP_FIN | TCP_ACK, slice_of(NULL, 0));
}

int capture_writer_free(struct capture_writer *w)
{
    if (!w) return 0;
    bool ok = fclose(w->to) == 0 && !w->failed;
    buf_release(&w->packet);
    free(w);
    return ok ? 0 : ERR_IO;
}
