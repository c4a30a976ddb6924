#include "broker/node/config.h"

#include "tests/unit.h"

static struct node_config c;
static struct err_text error;
static char said[1024];

static void say(void *context, const char *line)
{
    (void)context;
    strncat(said, line, sizeof said - strlen(said) - 1);
    strncat(said, "|", sizeof said - strlen(said) - 1);
}

static int load(const char *text)
{
    struct properties p = {0};
    error.text[0] = said[0] = '\0';
    check_int(properties_parse(&p, slice_str(text), "server.properties", &error), 0);
    return node_config_load(&c, &p, say, NULL, &error);
}

TEST(node_config, defaults_are_kafka_s_and_the_listener_is_loopback)
{
    check_int(load(""), 0);
    check_str(c.host, "127.0.0.1");
    check_int(c.port, 9092);
    check_int(c.node_id, 1);
    check_int(c.partitions_default, 1);
    check_int(c.request_bytes_max, 104857600);
    check_int(c.group_initial_rebalance_delay_ms, 3000);
    check_int(c.offsets_partitions, 50);
    check(c.request_memory_bytes > 0);
    check_str(said, "");
    node_config_release(&c);
}

TEST(node_config, what_topics_start_with_is_known_and_kept)
{
    check_int(load("log.retention.hours=1\nlog.roll.jitter.hours=2\nmessage.max.bytes=5\nlog.cleanup.policy=compact\n"),
              0);
    check_str(said, "");
    check_str(node_config_given(&c, "log.retention.hours"), "1");
    node_config_release(&c);
}

TEST(node_config, listeners)
{
    check_int(load("listeners=PLAINTEXT://0.0.0.0:0\nadvertised.listeners=PLAINTEXT://me:1\n"), 0);
    check_str(c.host, "0.0.0.0");
    check_int(c.port, 0);
    check_str(c.advertised_host, "me");
    node_config_release(&c);
    check_int(load("listeners=PLAINTEXT://a:1,PLAINTEXT://b:2\n"), ERR_INVALID);
    check_int(load("listeners=SSL://a:1\n"), ERR_INVALID);
    check(strstr(error.text, "server.properties:1"));
}

/* The listeners of the server.properties that Kafka 4.2 ships: one is for controllers. */
TEST(node_config, a_listener_for_controllers_is_not_opened)
{
    check_int(load("listeners=PLAINTEXT://:9092,CONTROLLER://:9093\ncontroller.listener.names=CONTROLLER\n"
                   "advertised.listeners=PLAINTEXT://localhost:9094,CONTROLLER://localhost:9093\n"),
              0);
    check_str(c.host, "");
    check_int(c.port, 9092);
    check_str(c.advertised_host, "localhost");
    check_int(c.advertised_port, 9094);
    node_config_release(&c);
    check_int(load("listeners=OTHER://:1, PLAINTEXT://h:2\ncontroller.listener.names=MORE, OTHER\n"), 0);
    check_str(c.host, "h");
    node_config_release(&c);
    check_int(load("listeners=PLAINTEXT://:9092,CONTROLLER://:9093\ncontroller.listener.names=CONTROL\n"), ERR_INVALID);
    check(strstr(error.text, "server.properties:1"));
    check_int(load("listeners=CONTROLLER://:9093\ncontroller.listener.names=CONTROLLER\n"), ERR_INVALID);
}

TEST(node_config, a_wrong_value_names_its_line)
{
    static const char *const wrong[] = {"num.partitions=many",
                                        "num.partitions=0",
                                        "auto.create.topics.enable=perhaps",
                                        "log.message.timestamp.type=Never",
                                        "log.retention.ms=x",
                                        "log.dirs=a,b",
                                        "default.replication.factor=2",
                                        "process.roles=broker"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[128], name[64];
        snprintf(text, sizeof text, "# a comment\n\n%s\n", wrong[i]);
        snprintf(name, sizeof name, "%.*s", (int)strcspn(wrong[i], "="), wrong[i]);
        check_int(load(text), ERR_INVALID);
        check(strstr(error.text, name));
        if (strncmp(name, "default", 7) != 0) check(strstr(error.text, "server.properties:3"));
    }
}

TEST(node_config, unknown_keys_are_told_and_kept)
{
    check_int(load("no.such.key=1\nnum.io.threads=8\nnode.id=3\n"), 0);
    check_str(said, "server.properties:1: no.such.key: unknown key, ignored|"
                    "server.properties:2: num.io.threads: has no effect here|");
    check_int(c.node_id, 3);
    check_str(node_config_given(&c, "no.such.key"), "1");
    check(!node_config_given(&c, "num.partitions"));
    node_config_release(&c);
}
