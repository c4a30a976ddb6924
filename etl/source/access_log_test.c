#include "etl/source/access_log.h"

#include "tests/unit.h"

struct fixture {
    struct arena arena;
    struct err_text error;
    struct document doc;
    json_t *json;
    const struct log_layout *layout;
};

static void fixture_open(struct fixture *f, const char *layout)
{
    memset(f, 0, sizeof *f);
    f->json = json_string(layout);
    f->doc = (struct document){.file = "f.json", .arena = &f->arena, .error = &f->error};
    f->layout = log_layout_read((struct node){&f->doc, f->json, "layout"});
}

static void fixture_close(struct fixture *f)
{
    json_decref(f->json);
    arena_release(&f->arena);
}

/* "name=value" of every field, absent ones left out; "bad" when the line does not fit. */
static const char *split(const char *layout, const char *line, bool decode)
{
    static char out[4000];
    struct fixture f;
    struct slice fields[LOG_FIELDS_MAX + 4];
    fixture_open(&f, layout);
    check(f.layout != NULL);
    size_t n = 0;
    out[0] = '\0';
    if (!log_split(f.layout, slice_str(line), decode, &f.arena, fields))
        snprintf(out, sizeof out, "bad: %s", log_wrong(f.layout, slice_str(line), &f.arena));
    else
        for (int i = 0; log_layout_fields(f.layout)[i]; i++)
            if (fields[i].p)
                n += (size_t)snprintf(out + n, sizeof out - n, "%s=%.*s;", log_layout_fields(f.layout)[i],
                                      (int)fields[i].n, (const char *)fields[i].p);
    fixture_close(&f);
    return out;
}

TEST(access_log, combined)
{
    check_str(split("combined",
                    "1.2.3.4 - bob [07/Oct/2024:00:33:22 +0000] \"GET /a?b HTTP/1.1\" 200 17 \"-\" \"M (X)\"", false),
              "client=1.2.3.4;ident=-;user=bob;time=07/Oct/2024:00:33:22 +0000;request=GET /a?b HTTP/1.1;status=200;"
              "bytes=17;referer=-;agent=M (X);method=GET;target=/a?b;protocol=HTTP/1.1;");
    /* TLS bytes instead of a request: a line all the same, but no method */
    check_str(split("combined", "h - - [t] \"\\x16\\x03\\\"\" 400 - \"\" \"\"", false),
              "client=h;ident=-;user=-;time=t;request=\\x16\\x03\\\";status=400;bytes=-;referer=;agent=;");
    check_str(split("combined", "h - - [t] \"a\\\"b\\x41\" 400 - \"\" \"\"", true),
              "client=h;ident=-;user=-;time=t;request=a\"bA;status=400;bytes=-;referer=;agent=;");
}

TEST(access_log, refuses_lines_that_do_not_fit)
{
    static const char *const bad[][2] = {
        {"", "byte 0: {client} is empty"},
        {"h - - [t] \"r\" 200 1 \"-\" \"-\" x", "byte 27: the line must end here"},
        {"h - two words [t] \"r\" 200 1 \"-\" \"-\"", "byte 7: ' [' must stand behind {user}"},
        {"h - - [t] \"r\" 20 1 \"-\" \"-\"", "{status} is not three digits"},
        {"h - - [t] \"r\" 2000 1 \"-\" \"-\"", "{status} is not three digits"},
        {"h - - [t] \"r\" 200 1x \"-\" \"-\"", "{bytes} is neither digits nor -"},
        {"h - - [t] \"r\" 200 1 \"-\" \"-", "byte 25: {agent} has no closing quote"},
        {"h - - [t] \"r\" 200  1 \"-\" \"-\"", "byte 18: {bytes} is empty"},
        {"h - - t \"r\" 200 1 \"-\" \"-\"", "byte 5: ' [' must stand behind {user}"},
        {"h - - [t] \"r\" 200 1", "byte 19: ' \"' must stand behind {bytes}"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *said = split("combined", bad[i][0], false);
        check(strncmp(said, "bad: ", 5) == 0);
        check_str(said + 5, bad[i][1]);
    }
    /* Of all the ways in which a request may end, the one with which the line fits furthest. */
    check_str(split("{r*} \"{a+}\" <{b}>", "G \"x\" <1> \"y\" <2", false),
              "bad: byte 15: no '>' stands behind {b} ahead of the next blank");
}

TEST(access_log, common_requests_may_hold_quotes)
{
    check_str(split("common", "h - - [t] \"GET /\"x\" HTTP/1.0\" 200 5", false),
              "client=h;ident=-;user=-;time=t;request=GET /\"x\" HTTP/1.0;status=200;bytes=5;method=GET;target=/\"x\";"
              "protocol=HTTP/1.0;");
    check_str(split("common", "h - - [t] \"GET /a b HTTP/1.0\" 200 5", false),
              "client=h;ident=-;user=-;time=t;request=GET /a b HTTP/1.0;status=200;bytes=5;");
    check_str(split("common", "h - - [t] \"GET /\" 302 -", false),
              "client=h;ident=-;user=-;time=t;request=GET /;status=302;bytes=-;");
}

TEST(access_log, hosts_and_own_layouts)
{
    check_str(split("vhost_combined", "[::1]:80 h - - [t] \"r\" 200 1 \"a\" \"b\"", false),
              "site=[::1];port=80;client=h;ident=-;user=-;time=t;request=r;status=200;bytes=1;referer=a;agent=b;");
    check_str(split("{time}|{client}|took={took}s", "12:00|h|took=0.5s", false), "time=12:00;client=h;took=0.5;");
    check_str(split("{time}|{client}|took={took}s", "12:00|h|took=0.5", false),
              "bad: byte 13: no 's' stands behind {took} ahead of the next blank");
    check_str(split("combined_plus", "h - - [t] \"r\" 200 1 \"a\" \"b\" \"1.2.3.4\"", false),
              "client=h;ident=-;user=-;time=t;request=r;status=200;bytes=1;referer=a;agent=b;extra=1.2.3.4;");
}

TEST(access_log, a_log_of_objects)
{
    static const char *layout = "{{\"t\": \"{time}\", \"o\": {{\"s\": {status}}, \"r\": \"{request}\"}";
    check_str(split(layout, "{\"t\": \"x y\", \"o\": {\"s\": 200}, \"r\": \"GET /\\\"a HTTP/1.1\"}", true),
              "time=x y;status=200;request=GET /\"a HTTP/1.1;method=GET;target=/\"a;protocol=HTTP/1.1;");
    check_str(split(layout, "\"t\": \"x y\", \"o\": {\"s\": 200}, \"r\": \"GET / HTTP/1.1\"}", false),
              "bad: byte 0: '{\"t\": \"' must stand here");
    check_str(split("{{{a}{{{b}", "{1{2", false), "a=1;b=2;");
}

static void check_refused(const char *layout, const char *part)
{
    struct fixture f;
    fixture_open(&f, layout);
    check(f.layout == NULL);
    if (!strstr(f.error.text, part)) unit_fail("\"%s\" is not in \"%s\"", part, f.error.text);
    fixture_close(&f);
}

TEST(access_log, layouts_are_checked)
{
    check_refused("combind", "did you mean \"combined\"?");
    check_refused("{client", "a { without its name");
    check_refused("{a} {a}", "stands twice");
    check_refused("{a}{b}", "need a text between");
    check_refused("{{a}", "has no field in braces");
    check_refused("{A}", "must be of a-z");
    check_refused("[{a+}]", "cannot stand between brackets");
    check_refused("\"{a+}\" \"{b+}\"", "only one quoted field");
    check_refused("\"{request}\" {method}", "stands beside {request}");
}

TEST(access_log, padded_fields)
{
    static const char *squid = "{at} {ms>} {client} {result}/{status} {bytes}";
    check_str(split(squid, "1286536308.779    180 10.0.0.1 TCP_MISS/200 411", false),
              "at=1286536308.779;ms=180;client=10.0.0.1;result=TCP_MISS;status=200;bytes=411;");
    check_str(split(squid, "1286536308.779 123456 10.0.0.1 TCP_MISS/200 411", false),
              "at=1286536308.779;ms=123456;client=10.0.0.1;result=TCP_MISS;status=200;bytes=411;");
    check_str(split("{a} {b}", "1  2", false), "bad: byte 2: {b} is empty");
    check_str(split("{a} {b>}", "1  ", false), "bad: byte 3: {b} is empty");
    check_refused("\"{a>}\"", "{a>} cannot stand between quotes or brackets");
}

TEST(access_log, fields_with_blanks)
{
    check_str(split("{time*} [{level}] {message*}", "Sun Dec 04 2005 [notice] jk2_init() Found child 6725", false),
              "time=Sun Dec 04 2005;level=notice;message=jk2_init() Found child 6725;");
    check_str(split("{name*}: {rest*}", ": ", false), "name=;rest=;");
    check_str(split("{name*} took {ms}ms", "a took b took 5ms", false),
              "bad: byte 7: no 'ms' stands behind {ms} ahead of the next blank");
    check_str(split("<{a*}>{b*}", "<x", false), "bad: byte 1: no '>' stands behind {a}");
}
