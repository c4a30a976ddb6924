#include "lib/pcap/capture.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/pcap/library.h"

/* The kernel hands packets over in blocks, at the latest after HAND_OVER_MS. */
enum { SNAP_BYTES = 262144, BUFFER_BYTES = 64 << 20, HAND_OVER_MS = 20, WAIT_MS = 100 };

/* Set before the first capture is opened. */
static const struct pcap_library *libpcap;

struct capture {
    pcap_t *pcap;
    const char *name; /* of the file or interface */
    int link;
    bool live;
    struct capture_counts counts;
};

static struct capture *capture_new(pcap_t *pcap, const char *name, bool live, struct err_text *error)
{
    int link = libpcap->datalink(pcap);
    if (!packet_link_known(link)) {
        const char *known_as = libpcap->datalink_val_to_name(link);
        err_set(error, ERR_UNSUPPORTED,
                "%s: its link type is %s (%d); Ethernet, loopback, raw IP and Linux cooked are read", name,
                known_as ? known_as : "unknown", link);
        libpcap->close(pcap);
        return NULL;
    }
    struct capture *c = memory_new(sizeof *c);
    *c = (struct capture){.pcap = pcap, .name = name, .link = link, .live = live};
    return c;
}

struct capture *capture_open_file(const char *path, struct err_text *error)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    if (!(libpcap = pcap_library(error))) return NULL;
    pcap_t *pcap = libpcap->open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);
    if (!pcap) { /* libpcap names the file in some of its sentences */
        bool named = strncmp(why, path, strlen(path)) == 0;
        err_set(error, ERR_INVALID, "%s%s%s", named ? "" : path, named ? "" : ": ", why);
        return NULL;
    }
    return capture_new(pcap, path, false, error);
}

static void live_refused(const char *interface, pcap_t *pcap, int status, struct err_text *error)
{
    const char *why = libpcap->geterr(pcap);
    if (status == PCAP_ERROR_PERM_DENIED)
        err_set(error, ERR_INVALID,
                "%s: capturing needs the capability CAP_NET_RAW (root has it; `setcap cap_net_raw+ep` gives it to this "
                "program). Without it: `millrace tap --listen HOST:PORT --to BROKER`, and clients that connect to "
                "HOST:PORT",
                interface);
    else
        err_set(error, ERR_INVALID, "%s: %s", interface, why && *why ? why : libpcap->statustostr(status));
}

static int filter_set(pcap_t *pcap, int port)
{
    struct bpf_program program;
    char text[32] = "tcp";
    if (port) snprintf(text, sizeof text, "tcp port %d", port);
    if (libpcap->compile(pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN) != 0) return PCAP_ERROR;
    int status = libpcap->setfilter(pcap, &program);
    libpcap->freecode(&program);
    return status;
}

struct capture *capture_open_live(const char *interface, int port, struct err_text *error)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    if (!(libpcap = pcap_library(error))) return NULL;
    pcap_t *pcap = libpcap->create(interface, why);
    if (!pcap) {
        err_set(error, ERR_INVALID, "%s: %s", interface, why);
        return NULL;
    }
    libpcap->set_snaplen(pcap, SNAP_BYTES);
    libpcap->set_buffer_size(pcap, BUFFER_BYTES);
    libpcap->set_timeout(pcap, HAND_OVER_MS);
    libpcap->set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
    int status = libpcap->activate(pcap);
    if (status >= 0) status = filter_set(pcap, port);
    /* Blocking, libpcap may wait for a packet for ever, whatever its timeout: we wait ourselves. */
    if (status >= 0) status = libpcap->setnonblock(pcap, 1, why);
    if (status < 0) {
        live_refused(interface, pcap, status, error);
        libpcap->close(pcap);
        return NULL;
    }
    return capture_new(pcap, interface, true, error);
}

void capture_close(struct capture *c)
{
    if (!c) return;
    libpcap->close(c->pcap);
    free(c);
}

static int64_t time_of(const struct capture *c, const struct pcap_pkthdr *h)
{
    bool nano = libpcap->get_tstamp_precision(c->pcap) == PCAP_TSTAMP_PRECISION_NANO;
    return (int64_t)((uint64_t)h->ts.tv_sec * 1000000000u + (uint64_t)h->ts.tv_usec * (nano ? 1 : 1000));
}

/* Whether there may be something to read now; false after WAIT_MS or a signal. */
static bool live_wait(struct capture *c)
{
    struct pollfd wait = {.fd = libpcap->get_selectable_fd(c->pcap), .events = POLLIN};
    return poll(&wait, 1, WAIT_MS) > 0;
}

int capture_next(struct capture *c, struct tcp_segment *out, struct err_text *error)
{
    struct pcap_pkthdr *header;
    const u_char *bytes;
    for (;;) {
        int status = libpcap->next_ex(c->pcap, &header, &bytes);
        if (status == 0 && live_wait(c)) continue;
        if (status == 0) return CAPTURE_IDLE;
        if (status == PCAP_ERROR_BREAK) return CAPTURE_END;
        if (status < 0) return err_set(error, ERR_CORRUPT, "%s: %s", c->name, libpcap->geterr(c->pcap));
        c->counts.packets++;
        enum packet_kind kind = packet_decode(c->link, slice_of(bytes, header->caplen), out);
        c->counts.other += kind == PACKET_OTHER;
        c->counts.fragments += kind == PACKET_FRAGMENT;
        c->counts.damaged += kind == PACKET_DAMAGED;
        if (kind != PACKET_TCP) continue;
        c->counts.cut += out->missing > 0;
        out->time_ns = time_of(c, header);
        return CAPTURE_SEGMENT;
    }
}

struct capture_counts capture_counts(struct capture *c)
{
    struct pcap_stat s;
    if (c->live && libpcap->stats(c->pcap, &s) == 0) c->counts.dropped = (uint64_t)s.ps_drop + s.ps_ifdrop;
    return c->counts;
}
