#include "lib/os/net.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit.h"

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

TEST(net, a_blocking_exchange_is_whole_or_an_error)
{
    struct net_address a = {"127.0.0.1", 0};
    struct err_text e = {""};
    char got[8] = "";
    int listener = net_listen(&a, &a.port, &e);
    int client = net_connect(&a, 1000, &e);
    check_int(poll(&(struct pollfd){.fd = listener, .events = POLLIN}, 1, 1000), 1);
    int server = net_accept(listener, NULL);
    check(client >= 0 && server >= 0);
    check_int(net_send_all(client, SLICE_LIT("ab")), 0);
    check_int(net_send_all(client, SLICE_LIT("cde")), 0);
    net_set_blocking(server, true);
    check_int(net_receive_all(server, got, 5, 1000), 0);
    check_str(got, "abcde");
    check_int(net_receive_all(server, got, 1, 10), ERR_IO); /* nothing comes */
    check_int(net_send_all(client, SLICE_LIT("f")), 0);
    close(client);
    check_int(net_receive_all(server, got, 2, 1000), ERR_CLOSED); /* one of two */
    close(server);
    close(listener);
}

/* A peer that is gone without a word and owes us nothing is noticed by the kernel alone. */
TEST(net, a_vanished_peer_is_asked_for_within_two_minutes)
{
    int descriptor = socket(AF_INET, SOCK_STREAM, 0), on = 0, idle = 0, interval = 0, probes = 0;
    socklen_t length = sizeof on;
    check(descriptor >= 0);
    net_keep_alive(descriptor);
    check_int(getsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, &length), 0);
    check_int(getsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &idle, &length), 0);
    check_int(getsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &interval, &length), 0);
    check_int(getsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &probes, &length), 0);
    check(on != 0);
    check_int(idle + interval * probes, 120);
    close(descriptor);
}

TEST(net, unknown_host_is_named)
{
    struct net_address a = {"no.such.host.invalid", 9092};
    struct err_text e = {""};
    check_int(net_connect(&a, 1000, &e), ERR_NOTFOUND);
    check(strstr(e.text, "no.such.host.invalid") != NULL);
}
