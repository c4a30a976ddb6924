/* address.h - network addresses as people write them: text only, no system call that could wait. */
#ifndef MILLRACE_OS_ADDRESS_H
#define MILLRACE_OS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct net_address {
    char host[256]; /* a name or a literal without brackets; "" is every interface */
    int port;       /* 0 to listen: a free one */
};

/* "host:port", "[::1]:port" or ":port". ERR_INVALID with a sentence that quotes the text. */
int net_address_parse(const char *text, struct net_address *out, struct err_text *error);
/* One entry of `listeners`: "PLAINTEXT://host:port". Other protocols are ERR_UNSUPPORTED. */
int net_listener_parse(const char *text, struct net_address *out, struct err_text *error);
/* "host:port", with brackets around an IPv6 literal; into `out` of `size` bytes. */
void net_address_format(const struct net_address *a, char *out, size_t size);
/* True for 127.0.0.0/8, ::1 and "localhost": what may be served without being told to. */
bool net_address_is_loopback(const struct net_address *a);

#endif
