#include "etl/source/log_format.h"
#include "tests/unit.h"

/* The layout, and behind " @ " the pattern of its time; or "wrong: " and why. */
static const char *layout_of(const char *text)
{
    static char said[600];
    struct arena arena = {0};
    struct log_format f;
    const char *wrong = log_format_read(text, &arena, &f);
    if (wrong)
        snprintf(said, sizeof said, "wrong: %s", wrong);
    else
        snprintf(said, sizeof said, "%s%s%s", f.layout, f.time_format ? " @ " : "", f.time_format ? f.time_format : "");
    arena_release(&arena);
    return said;
}

TEST(log_format, apache)
{
    check_str(layout_of("%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""),
              "{client} {ident} {user} [{time}] \"{request}\" {status} {bytes} \"{referer}\" \"{agent}\" @ "
              "%d/%b/%Y:%H:%M:%S %z");
    check_str(
        layout_of("%v:%p %h %l %u %t \\\"%r\\\" %>s %O"),
        "{site}:{port} {client} {ident} {user} [{time}] \"{request}\" {status} {bytes_out} @ %d/%b/%Y:%H:%M:%S %z");
    check_str(layout_of("%a\\t%m\\t%U%q\\t%H\\t%400,501{X-Forwarded-For}i\\t%{ms}T %D"),
              "{client_address}\t{method}\t{target}\t{protocol}\t{x_forwarded_for}\t{duration_ms} {duration_us}");
    check_str(layout_of("[%{%Y-%m-%d %H:%M:%S}t] %{remote}p %{Set-Cookie}o %{id}C 100%% {%s}"),
              "[{time}] {port_remote} {sent_set_cookie} {cookie_id} 100% {{{status}} @ %Y-%m-%d %H:%M:%S");
    check_str(layout_of("%{sec}t %h %h \"%r\" %m"), "{time} {client} {client_2} \"{request}\" {method_2} @ %s");
}

TEST(log_format, nginx)
{
    check_str(layout_of("$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
                        "\"$http_referer\" \"$http_user_agent\" \"$http_x_forwarded_for\""),
              "{client} - {user} [{time}] \"{request}\" {status} {bytes} \"{referer}\" \"{agent}\" "
              "\"{x_forwarded_for}\" @ %d/%b/%Y:%H:%M:%S %z");
    check_str(layout_of("$time_iso8601|$host|$request_method|$request_uri|${status}ms|$request_time|$upstream_addr"),
              "{time}|{site}|{method}|{target}|{status}ms|{duration_s}|{upstream_addr} @ %FT%T%z");
    check_str(layout_of("$request_time;$request;$request_method"), "{duration_s};{request};{method_2}");
    check_str(layout_of("{\"at\": $msec, \"p\": \"100%\"}"), "{{\"at\": {time}, \"p\": \"100%\"} @ %s.%f");
}

TEST(log_format, wrong_ones)
{
    check_str(layout_of("plain"),
              "wrong: has neither a directive of Apache (%h) nor a variable of nginx ($remote_addr)");
    check_str(layout_of("%h %Q"), "wrong: does not know %Q; did you mean %q?");
    check(strncmp(layout_of("%h %Z"), "wrong: does not know %Z; there are: %h %a", 41) == 0);
    check_str(layout_of("%h %{x"), "wrong: has a %{ without its }");
    check_str(layout_of("%h %"), "wrong: ends behind a %");
    check_str(layout_of("%{x}y"), "wrong: does not know %{...}y");
    check_str(layout_of("%{h}T"), "wrong: %{...}T takes s, ms or us");
    check_str(layout_of("%{}i"), "wrong: a name between braces is empty");
    check_str(layout_of("%h\\n%b"), "wrong: has a line end: a record is one line");
    check_str(layout_of("$ $status"), "wrong: has a $ without the name of a variable");
    check_str(layout_of("${status $status"), "wrong: has a ${ without its }");
}
