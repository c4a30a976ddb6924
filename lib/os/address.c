#include "lib/os/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

static int address_invalid(const char *text, struct err_text *error)
{
    return err_set(error, ERR_INVALID, "\"%s\" is not HOST:PORT (port 0 to 65535; [ADDRESS]:PORT for IPv6)", text);
}

int net_address_parse(const char *text, struct net_address *out, struct err_text *error)
{
    const char *colon = strrchr(text, ':'), *host = text;
    int64_t port;
    if (!colon || !text_to_i64(slice_str(colon + 1), &port) || port < 0 || port > 65535)
        return address_invalid(text, error);
    size_t n = (size_t)(colon - text);
    bool bracketed = n >= 2 && host[0] == '[' && host[n - 1] == ']';
    if (bracketed) {
        host++;
        n -= 2;
    }
    if (n >= sizeof out->host || (!bracketed && memchr(host, ':', n))) return address_invalid(text, error);
    memcpy(out->host, host, n);
    out->host[n] = '\0';
    out->port = (int)port;
    return 0;
}

int net_listener_parse(const char *text, struct net_address *out, struct err_text *error)
{
    static const char plaintext[] = "PLAINTEXT://";
    const char *separator = strstr(text, "://");
    if (!separator) return err_set(error, ERR_INVALID, "\"%s\" is not PLAINTEXT://HOST:PORT", text);
    if (strncmp(text, plaintext, sizeof plaintext - 1) != 0)
        return err_set(error, ERR_UNSUPPORTED, "\"%s\": only PLAINTEXT listeners are served", text);
    return net_address_parse(separator + 3, out, error);
}

void net_address_format(const struct net_address *a, char *out, size_t size)
{
    snprintf(out, size, strchr(a->host, ':') ? "[%s]:%d" : "%s:%d", a->host, a->port);
}

bool net_address_is_loopback(const struct net_address *a)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, a->host, &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, a->host, &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcmp(a->host, "localhost") == 0;
}
