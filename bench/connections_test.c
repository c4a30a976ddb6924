#include "bench/connections.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit.h"

TEST(connections, a_reset_is_one_for_both_sides)
{
    struct connections c;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    char byte;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    check(bind(listener, (struct sockaddr *)&at, sizeof at) == 0 && listen(listener, 1) == 0);
    check(getsockname(listener, (struct sockaddr *)&at, &size) == 0);
    connections_init(&c);
    int idle = connections_open(&c, AF_INET, SOCK_STREAM, 0), fd = connections_open(&c, AF_INET, SOCK_STREAM, 0);
    check(connect(fd, (struct sockaddr *)&at, sizeof at) == 0);
    int peer = accept(listener, NULL, NULL);
    check_int(connections_reset(&c), 1);
    check(recv(peer, &byte, 1, 0) == -1 && errno == ECONNRESET);
    check(recv(fd, &byte, 1, 0) == -1 && errno == ECONNRESET);
    check_int(connections_reset(&c), 0);
    check_int(connections_close(&c, idle), 0);
    check_int(connections_close(&c, fd), 0);
    check_int(c.count, 0);
    close(peer);
    close(listener);
}
