#include "lib/os/net.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit.h"

TEST(net, addresses)
{
    struct net_address a;
    char text[300];
    check_int(net_address_parse("localhost:9092", &a, NULL), 0);
    check_str(a.host, "localhost");
    check_int(a.port, 9092);
    check_int(net_address_parse("[::1]:0", &a, NULL), 0);
    check_str(a.host, "::1");
    net_address_format(&a, text, sizeof text);
    check_str(text, "[::1]:0");
    check_int(net_address_parse(":9092", &a, NULL), 0);
    check_str(a.host, "");
    static const char *const bad[] = {"", "localhost", "localhost:", "h:65536", "h:-1", "h:9092x", "::1:9092", "h: 1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err_text e = {""};
        check_int(net_address_parse(bad[i], &a, &e), ERR_INVALID);
        check(strstr(e.text, bad[i]) != NULL);
    }
}

TEST(net, listeners)
{
    struct net_address a;
    struct err_text e = {""};
    check_int(net_listener_parse("PLAINTEXT://127.0.0.1:0", &a, &e), 0);
    check_str(a.host, "127.0.0.1");
    check(net_address_is_loopback(&a));
    check_int(net_listener_parse("127.0.0.1:9092", &a, NULL), ERR_INVALID);
    check_int(net_listener_parse("SSL://h:1", &a, &e), ERR_UNSUPPORTED);
    check(strstr(e.text, "SSL://h:1") != NULL);
}

TEST(net, what_is_loopback)
{
    static const char *const yes[] = {"127.0.0.1", "127.9.9.9", "::1", "localhost"};
    static const char *const no[] = {"", "0.0.0.0", "10.0.0.1", "::", "example.org", "127.0.0.1.evil.org"};
    struct net_address a = {.port = 1};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        snprintf(a.host, sizeof a.host, "%s", yes[i]);
        check(net_address_is_loopback(&a));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        snprintf(a.host, sizeof a.host, "%s", no[i]);
        check(!net_address_is_loopback(&a));
    }
}

TEST(net, listen_connect_accept)
{
    struct net_address a = {"127.0.0.1", 0}, peer;
    struct err_text e = {""};
    int port, nodelay = 0, unused;
    socklen_t length = sizeof nodelay;
    char c = 0;
    int listener = net_listen(&a, &port, &e);
    check(listener >= 0 && port > 0);
    check_int(net_accept(listener, NULL), ERR_LOCKED);
    a.port = port;
    int client = net_connect(&a, 1000, &e);
    check(client >= 0);
    check_int(poll(&(struct pollfd){.fd = listener, .events = POLLIN}, 1, 1000), 1);
    int server = net_accept(listener, &peer);
    check(server >= 0);
    check_str(peer.host, "127.0.0.1");
    check_int(getsockopt(server, IPPROTO_TCP, TCP_NODELAY, &nodelay, &length), 0);
    check(nodelay != 0);
    check_int(read(server, &c, 1), -1); /* nonblocking */
    check_int(write(server, "x", 1), 1);
    check_int(read(client, &c, 1), 1);
    check_int(c, 'x');
    check_int(net_listen(&a, &unused, &e), ERR_LOCKED);
    check(strstr(e.text, "127.0.0.1:") != NULL);
    close(server);
    close(client);
    close(listener);
    struct err_text refused = {""};
    check_int(net_connect(&a, 1000, &refused), ERR_CLOSED);
    check(strstr(refused.text, "refused") != NULL);
}

TEST(net, unknown_host_is_named)
{
    struct net_address a = {"no.such.host.invalid", 9092};
    struct err_text e = {""};
    check_int(net_connect(&a, 1000, &e), ERR_NOTFOUND);
    check(strstr(e.text, "no.such.host.invalid") != NULL);
}
