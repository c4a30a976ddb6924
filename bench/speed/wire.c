#include "bench/speed/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/kafka/api.h"
#include "lib/os/net.h"

int wire_open(struct wire *w, const char *bootstrap, struct err_text *error)
{
    struct net_address address;
    *w = (struct wire){.descriptor = -1};
    int rc = net_address_parse(bootstrap, &address, error);
    if (rc < 0) return rc;
    w->descriptor = net_connect(&address, 5000, error);
    return w->descriptor < 0 ? w->descriptor : 0;
}

void wire_close(struct wire *w)
{
    if (w->descriptor >= 0) close(w->descriptor);
    buf_release(&w->out);
    buf_release(&w->in);
}

static int failed(const char *what, struct err_text *error)
{
    return err_set(error, ERR_IO, "the connection to the broker failed: %s: %s", what, strerror(errno));
}

static int send_whole(int descriptor, struct slice s, struct err_text *error)
{
    while (s.n) {
        ssize_t n = send(descriptor, s.p, s.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return failed("send", error);
        s = slice_of(s.p + n, s.n - (size_t)n);
    }
    return 0;
}

static int receive_whole(int descriptor, uint8_t *p, size_t n, struct err_text *error)
{
    while (n) {
        ssize_t got = recv(descriptor, p, n, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return failed("receive", error);
        if (got == 0) return err_set(error, ERR_CLOSED, "the broker closed the connection");
        p += got;
        n -= (size_t)got;
    }
    return 0;
}

static int receive_frame(struct wire *w, struct err_text *error)
{
    uint8_t size[4];
    int rc = receive_whole(w->descriptor, size, sizeof size, error);
    if (rc < 0) return rc;
    buf_reset(&w->in);
    w->in.n = get_u32be(size);
    if (w->in.n > (size_t)256 << 20) return err_set(error, ERR_RANGE, "an answer of %zu bytes", w->in.n);
    size_t n = w->in.n;
    w->in.n = 0;
    rc = receive_whole(w->descriptor, buf_reserve(&w->in, n), n, error);
    w->in.n = n;
    return rc;
}

int wire_call(struct wire *w, int api_key, int api_version, const void *request, struct slice *body,
              struct err_text *error)
{
    struct kafka_request_header header = {(int16_t)api_key, (int16_t)api_version, ++w->correlation_id,
                                          KAFKA_STRING_LIT("bench")};
    int32_t echoed;
    buf_reset(&w->out);
    int rc = kafka_request_frame(&header, request, &w->out);
    if (rc < 0) return err_set(error, rc, "a request that cannot be encoded: %s", err_name(rc));
    rc = send_whole(w->descriptor, buf_slice(&w->out), error);
    if (rc == 0) rc = receive_frame(w, error);
    if (rc < 0) return rc;
    rc = kafka_response_header_decode(api_key, api_version, buf_slice(&w->in), &echoed, body);
    if (rc == 0 && echoed == w->correlation_id) return 0;
    return err_set(error, ERR_CORRUPT, "an answer to another request");
}
