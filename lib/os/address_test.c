#include "lib/os/address.h"

#include "tests/unit.h"

TEST(address, host_and_port)
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

TEST(address, listeners)
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

TEST(address, what_is_loopback)
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
