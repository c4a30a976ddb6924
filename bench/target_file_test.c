/* What a target's file must say, and what is said of one that does not. */
#include "bench/target_file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit.h"

static char path[64];

/* Reads `text` as a file; returns what target_spec_read does. */
static int read_text(struct target_spec *spec, const char *text, struct err_text *error)
{
    snprintf(path, sizeof path, "%s/millrace-target-XXXXXX", P_tmpdir);
    int descriptor = mkstemp(path);
    check(descriptor >= 0 && write(descriptor, text, strlen(text)) == (ssize_t)strlen(text));
    close(descriptor);
    int rc = target_spec_read(spec, path, error);
    unlink(path);
    return rc;
}

/* A good file with one line in front of the others: what JSON says twice is refused, so it must be new. */
#define REST                                                                                                           \
    "\"name\": \"x\", \"about\": \"y\", \"protocol\": \"kafka\", \"start\": [\"run\", \"{folder}/{port}\"],"           \
    "\"ready\": {\"line\": \"ready \"}, \"acks\": [\"1\"], \"durability\": [{\"name\": \"d\", \"promise\": "           \
    "\"memory\"}]}"

static void refuses(const char *text, const char *why)
{
    struct target_spec spec;
    struct err_text error = {0};
    char expected[256];
    check(read_text(&spec, text, &error) < 0);
    snprintf(expected, sizeof expected, "%s: %s", path, why);
    check_str(error.text, expected);
    target_spec_release(&spec);
}

TEST(target_file, a_whole_one_is_read)
{
    struct target_spec s;
    struct err_text error = {0};
    check_int(
        read_text(&s,
                  "{\"variables\": {\"lib\": {\"environment\": \"TARGET_TEST_LIB\", \"else\": \"{cache}/lib\"}},"
                  "\"needs\": {\"programs\": [\"sh\"], \"file\": \"{lib}/a\", \"how\": \"fetch it\"},"
                  "\"files\": {\"{folder}/conf\": [\"one\", \"port={port}\"]}, \"prepare\": [[\"true\"]],"
                  "\"warm_up_s\": 7, \"stop\": {\"signal\": \"INT\", \"within_s\": 3},"
                  "\"name\": \"x\", \"about\": \"y\", \"protocol\": \"kafka\", \"start\": [\"run\", \"{lib}\"],"
                  "\"ready\": {\"connect\": \"127.0.0.1:{port}\", \"within_s\": 60}, \"acks\": [\"0\", \"all\"],"
                  "\"durability\": [{\"name\": \"a\", \"promise\": \"page-cache\", \"settings\": [\"-o\", \"k=v\"]},"
                  "{\"name\": \"b\", \"promise\": \"on-disk\", \"topic\": [\"flush.messages=1\"]}],"
                  "\"differs\": [\"it is not ours\"]}",
                  &error),
        0);
    check_str(s.name, "x");
    check_int(s.prepare.file_count, 1);
    check_str(s.prepare.files[0].lines.items[1], "port={port}");
    check_int(s.prepare.command_count, 1);
    check_int(s.warm_up_s, 7);
    check_int(s.stop_signal, SIGINT);
    check_int(s.ready_s, 60);
    check(!s.ready_line);
    check_int(s.acks.count, 2);
    check_int(s.durability_count, 2);
    check_str(s.durabilities[0].settings.items[1], "k=v");
    check_str(s.durabilities[1].topic.items[0], "flush.messages=1");
    check(!s.durabilities[1].topic.items[1]);
    check_int(s.differs.count, 1);
    target_spec_release(&s);
}

TEST(target_file, a_wrong_one_is_told_by_its_key)
{
    refuses("{\"fetsh\": {}, " REST, "fetsh: there is no such key; there are: name, about, protocol, variables, needs, "
                                     "fetch, files, prepare, start, "
                                     "ready, warm_up_s, stop, acks, durability, differs");
    refuses("{\"name\": \"x\"}", "about: is missing");
    refuses("{\"warm_up_s\": \"long\", " REST, "warm_up_s: must be an integer, 0 to 600 seconds");
    refuses("{\"prepare\": [[\"a\"], [\"b\", \"{prot}\"]], " REST,
            "prepare[1][1]: {prot}: there is no such placeholder");
    refuses("{\"prepare\": [[\"a\"], []], " REST, "prepare[1]: must have 1 text at least");
    refuses("{\"files\": {\"{folder}/x\": [1]}, " REST, "files.{folder}/x[0]: must be a text");
    refuses("{\"stop\": {\"signal\": \"KILL\"}, " REST, "stop.signal: \"KILL\" is none of \"TERM\", \"INT\", \"QUIT\"");
    refuses("{\"variables\": {\"a\": {\"environment\": \"A\"}}, " REST, "variables.a.else: is missing");
    refuses("{\"name\": \"x\", \"about\": \"y\", \"protocol\": \"amqp\"}",
            "protocol: \"amqp\" is none of \"kafka\", \"redis\", \"nats\", \"direct\"");
    refuses("{\"name\": \"x\", \"about\": \"y\", \"protocol\": \"kafka\", \"start\": [\"a\"], \"ready\": {}}",
            "ready: needs one of line and connect");
    refuses(
        "{\"name\": \"x\", \"about\": \"y\", \"protocol\": \"kafka\", \"start\": [\"a\"], \"ready\": {\"line\": \"a\"},"
        "\"acks\": [\"2\"]}",
        "acks[0]: \"2\" is none of \"0\", \"1\", \"all\"");
    refuses(
        "{\"name\": \"x\", \"about\": \"y\", \"protocol\": \"kafka\", \"start\": [\"a\"], \"ready\": {\"line\": \"a\"},"
        "\"acks\": [\"1\"], \"durability\": [{\"name\": \"d\", \"promise\": \"memory\", \"topic\": [\"k\"]}]}",
        "durability[0].topic[0]: must be key=value");
    refuses("{", "line 1: string or '}' expected near end of file");
}

TEST(target_file, placeholders_become_what_they_stand_for)
{
    struct target_spec s;
    struct err_text error = {0};
    struct target_place place;
    struct arena arena = {0};
    check_int(
        read_text(&s,
                  "{\"variables\": {\"lib\": {\"environment\": \"TARGET_TEST_LIB\", \"else\": \"{cache}/l\"}}, " REST,
                  &error),
        0);
    setenv("MILLRACE_CACHE", "/c", 1);
    target_place_init(&place, &s, "/bin/millrace", "/f");
    place.ports[0] = 9092;
    check_str(target_expand(&place, "{folder}/x:{port}{port2} {program}", &arena), "/f/x:90920 /bin/millrace");
    unsetenv("TARGET_TEST_LIB");
    check_str(target_expand(&place, "{lib}/*", &arena), "/c/x/l/*");
    setenv("TARGET_TEST_LIB", "/opt", 1);
    check_str(target_expand(&place, "{lib}/*", &arena), "/opt/*");
    unsetenv("TARGET_TEST_LIB");
    unsetenv("MILLRACE_CACHE");
    arena_release(&arena);
    target_spec_release(&s);
}

TEST(target_file, what_cannot_be_had_is_said)
{
    struct target_spec s;
    struct err_text error = {0};
    struct target_place place;
    char why[512] = "";
    check_int(read_text(&s, "{\"needs\": {\"programs\": [\"sh\", \"no-such-program\"], \"how\": \"install it\"}, " REST,
                        &error),
              0);
    target_place_init(&place, &s, "millrace", "");
    check(!target_present(&place, why, sizeof why));
    check_str(why, "x cannot be had here: no program no-such-program; install it");
    target_spec_release(&s);
    check_int(read_text(&s, "{\"needs\": {\"file\": \"/no/such/file\", \"how\": \"fetch it\"}, " REST, &error), 0);
    target_place_init(&place, &s, "millrace", "");
    check(!target_present(&place, why, sizeof why));
    check_str(why, "x cannot be had here: no file /no/such/file; fetch it");
    target_spec_release(&s);
    check_int(read_text(&s, "{\"needs\": {\"programs\": [\"sh\"], \"how\": \"-\"}, " REST, &error), 0);
    target_place_init(&place, &s, "millrace", "");
    check(target_present(&place, why, sizeof why));
    target_spec_release(&s);
}
