/* tap.c - `millrace tap`: what clients and brokers say to each other, out of a capture, off an interface, or as a proxy
 * between them. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bench/tap/proxy.h"
#include "bench/tap/source.h"
#include "bench/tap/view.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "lib/os/clock.h"
#include "lib/pcap/capture.h"

enum { PORT_MAX = 65535 };

struct tap_command {
    const char *file, *interface, *listen, *to, *write, *port, *format, *xray;
    bool list, help;
    int64_t port_number;
    struct tap_view view;
    struct tap tap;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

static int usage(FILE *to)
{
    fputs("usage: millrace tap -r FILE.pcap [OPTIONS]      out of a capture (pcap, pcapng)\n"
          "       millrace tap -i INTERFACE [OPTIONS]      live, until SIGINT or SIGTERM; needs CAP_NET_RAW\n"
          "       millrace tap --listen HOST:PORT --to BROKER [OPTIONS]   a proxy, until SIGINT or SIGTERM\n"
          "\n"
          "Shows what Kafka clients and brokers say to each other: requests and their answers by API, with latency\n"
          "(from a request's last byte to its answer's first and last), sizes, records, errors.\n"
          "\n"
          "  --listen HOST:PORT where clients connect to (port 0: a free one); the addresses that brokers advertise\n"
          "                     are rewritten, so that all their connections come through here. Prints `ready "
          "HOST:PORT`\n"
          "  --to HOST:PORT     the broker\n"
          "  --write FILE.pcap  with --listen: what passed, as a capture\n"
          "  --port N           with -r and -i: brokers' port; default: whatever looks like Kafka\n"
          "  --list             also a line for each request, with the numbers of its frames\n"
          "  --format json      an object a line for each request, and one for the summary\n"
          "  --xray N|API[.response]   one frame instead, byte by byte: its number, or the first of an API\n"
          "\n"
          "Exit status: 0 done, 1 the capture is damaged (what came before is shown) or the frame does not fit its\n"
          "description, 2 usage, no such file, interface, privilege or frame. docs/tap.md says more.\n",
          to);
    return to == stdout ? CLI_OK : CLI_USAGE;
}

static int complain(const struct err_text *error)
{
    fprintf(stderr, "millrace tap: %s\n", error->text);
    return CLI_USAGE;
}

/* What the capture itself says, for the summary. */
static void capture_more(const struct capture_counts *c, bool json, struct buf *out)
{
    if (json) {
        buf_printf(out,
                   ",\"packets\":%" PRIu64 ",\"other_packets\":%" PRIu64 ",\"fragments\":%" PRIu64
                   ",\"damaged_packets\":%" PRIu64 ",\"cut_packets\":%" PRIu64 ",\"dropped_packets\":%" PRIu64,
                   c->packets, c->other, c->fragments, c->damaged, c->cut, c->dropped);
        return;
    }
    if (c->fragments) buf_printf(out, "%" PRIu64 " packets are IP fragments and were passed over\n", c->fragments);
    if (c->damaged) buf_printf(out, "%" PRIu64 " packets have damaged headers\n", c->damaged);
    if (c->cut)
        buf_printf(out, "%" PRIu64 " packets were cut by the capture's snap length (tcpdump -s 0 takes all)\n", c->cut);
    if (c->dropped) buf_printf(out, "%" PRIu64 " packets were dropped by the kernel\n", c->dropped);
}

static bool wanted_more(const struct tap_command *c)
{
    return !interrupted && !(c->view.mode == TAP_VIEW_XRAY && c->view.found);
}

static int xray_status(const struct tap_command *c, int status)
{
    if (c->view.mode != TAP_VIEW_XRAY) return status;
    if (!c->view.found) {
        fprintf(stderr, "millrace tap: --xray %s: there is no such frame among %" PRId64 "\n", c->xray,
                c->tap.counts.frames);
        return CLI_USAGE;
    }
    return c->view.xray_status ? CLI_DIFFERENCE : CLI_OK;
}

/* From now on nothing is missed. */
static void ready(const struct tap_command *c, const char *where)
{
    printf(c->view.mode == TAP_VIEW_JSON ? "{\"type\":\"ready\",\"at\":\"%s\"}\n" : "ready %s\n", where);
    fflush(stdout);
}

enum { DRAIN_MS = 300 };

/* A file is left where it is. Of an interface, what was sent before the signal is still on its way to us. */
static bool over(const struct tap_command *c, int kind, const struct tcp_segment *segment, int64_t *stop_ms)
{
    if (!wanted_more(c) && !(interrupted && c->interface)) return true;
    if (!interrupted) return false;
    if (*stop_ms == 0) *stop_ms = clock_wall_ms();
    if (kind == CAPTURE_SEGMENT) return segment->time_ns / 1000000 > *stop_ms;
    return clock_wall_ms() > *stop_ms + DRAIN_MS;
}

static int capture_run(struct tap_command *c, struct capture *capture)
{
    struct tap_source source;
    struct tcp_segment segment;
    struct err_text error = {""};
    struct buf more = {0};
    int kind = CAPTURE_IDLE;
    int64_t stop_ms = 0;
    tap_source_init(&source, &c->tap, (int)c->port_number);
    while (!over(c, kind, &segment, &stop_ms) && (kind = capture_next(capture, &segment, &error)) > CAPTURE_END)
        if (kind == CAPTURE_SEGMENT) tap_source_segment(&source, &segment);
    tap_source_finish(&source);
    struct capture_counts counts = capture_counts(capture);
    capture_more(&counts, c->view.mode == TAP_VIEW_JSON, &more);
    tap_view_finish(&c->view, &c->tap.counts, buf_slice(&more));
    buf_release(&more);
    if (kind < 0) complain(&error);
    return xray_status(c, kind < 0 ? CLI_DIFFERENCE : CLI_OK);
}

static int capture_open_and_run(struct tap_command *c)
{
    struct err_text error = {""};
    struct capture *capture =
        c->file ? capture_open_file(c->file, &error) : capture_open_live(c->interface, (int)c->port_number, &error);
    if (!capture) return complain(&error);
    if (c->interface) ready(c, c->interface);
    int status = capture_run(c, capture);
    capture_close(capture);
    return status;
}

enum { ANSWERS_MS = 5000, GOODBYES_MS = 1000 };

/* The frame is shown, and clients are in the middle of something: they get what they have asked for, and the end of
 * their connections instead of a reset. A signal ends it at once. */
static int proxy_finish(struct proxy *proxy)
{
    int64_t until_ns = clock_mono_ns() + (int64_t)ANSWERS_MS * 1000000;
    bool answered = false;
    int status = 0;
    proxy_drain(proxy);
    while (!interrupted && status == 0 && proxy_connections(proxy) > 0 && clock_mono_ns() < until_ns) {
        if (!answered && proxy_waiting(proxy) == 0) {
            answered = true;
            until_ns = clock_mono_ns() + (int64_t)GOODBYES_MS * 1000000;
        }
        status = proxy_step(proxy);
    }
    return status;
}

static int proxy_run(struct tap_command *c, struct proxy *proxy)
{
    struct buf more = {0};
    int status = 0;
    ready(c, proxy_address(proxy));
    while (wanted_more(c) && status == 0) status = proxy_step(proxy);
    if (!interrupted && status == 0) status = proxy_finish(proxy);
    int64_t not_rewritten = proxy_not_rewritten(proxy);
    proxy_free(proxy);
    if (c->view.mode == TAP_VIEW_JSON)
        buf_printf(&more, ",\"not_rewritten\":%" PRId64, not_rewritten);
    else if (not_rewritten)
        buf_printf(&more, "%" PRId64 " answers advertised addresses that could not be rewritten\n", not_rewritten);
    tap_view_finish(&c->view, &c->tap.counts, buf_slice(&more));
    buf_release(&more);
    if (status < 0) fprintf(stderr, "millrace tap: %s\n", err_words(status));
    return xray_status(c, status < 0 ? CLI_USAGE : CLI_OK);
}

static int proxy_open_and_run(struct tap_command *c)
{
    struct err_text error = {""};
    struct capture_writer *writer = c->write ? capture_writer_new(c->write, &error) : NULL;
    if (c->write && !writer) return complain(&error);
    struct proxy *proxy = proxy_new(&c->tap, writer, c->listen, c->to, &error);
    int status = proxy ? proxy_run(c, proxy) : complain(&error);
    if (capture_writer_free(writer) == 0) return status;
    fprintf(stderr, "millrace tap: %s: cannot be written\n", c->write);
    return CLI_USAGE;
}

/* One of -r, -i and --listen with --to; false after a message. */
static bool sources_fit(const struct tap_command *c)
{
    const char *why = NULL;
    if (!!c->file + !!c->interface + !!c->listen != 1)
        why = "one of -r FILE, -i INTERFACE and --listen HOST:PORT is needed";
    else if (!c->listen != !c->to)
        why = c->listen ? "--listen needs --to BROKER" : "--to goes with --listen";
    else if (c->write && !c->listen)
        why = "--write goes with --listen; tcpdump -w writes what an interface brings";
    else if (c->port && c->listen)
        why = "--port goes with -r and -i";
    if (why) fprintf(stderr, "millrace tap: %s\n`millrace tap --help` says more.\n", why);
    return !why;
}

static enum tap_view_mode mode_of(const struct tap_command *c, bool json)
{
    if (c->xray) return TAP_VIEW_XRAY;
    if (json) return TAP_VIEW_JSON;
    return c->list ? TAP_VIEW_LIST : TAP_VIEW_TABLE;
}

static bool port_read(struct tap_command *c)
{
    if (!c->port) return true;
    if (!client_number("tap", "--port", c->port, 1, &c->port_number)) return false;
    if (c->port_number <= PORT_MAX) return true;
    fprintf(stderr, "millrace tap: --port: %s is no port: at most 65535\n", c->port);
    return false;
}

int cli_tap(int argc, char **argv)
{
    struct tap_command c = {0};
    struct err_text error = {""};
    bool json;
    const struct client_option options[] = {{"-r", &c.file, NULL},
                                            {"-i", &c.interface, NULL},
                                            {"--listen", &c.listen, NULL},
                                            {"--to", &c.to, NULL},
                                            {"--write", &c.write, NULL},
                                            {"--port", &c.port, NULL},
                                            {"--format", &c.format, NULL},
                                            {"--xray", &c.xray, NULL},
                                            {"--list", NULL, &c.list},
                                            {"--help", NULL, &c.help},
                                            {0}};
    if (!client_arguments("tap", argc, argv, options, NULL, 0)) return CLI_USAGE;
    if (c.help) return usage(stdout);
    if (argc == 1) return usage(stderr);
    if (!sources_fit(&c)) return CLI_USAGE;
    if (!client_format("tap", c.format, &json) || !port_read(&c)) return CLI_USAGE;
    tap_view_init(&c.view, mode_of(&c, json), stdout);
    if (c.xray && tap_view_choose(&c.view, c.xray, &error) != 0) return complain(&error);
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);
    tap_init(&c.tap, &c.view.sink);
    c.tap.details = json;
    int status = c.listen ? proxy_open_and_run(&c) : capture_open_and_run(&c);
    tap_release(&c.tap);
    tap_view_release(&c.view);
    return status;
}
