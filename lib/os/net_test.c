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

TEST(net, unknown_host_is_named)
{
    struct net_address a = {"no.such.host.invalid", 9092};
    struct err_text e = {""};
    check_int(net_connect(&a, 1000, &e), ERR_NOTFOUND);
    check(strstr(e.text, "no.such.host.invalid") != NULL);
}
