/* log_line.c - a line of an access log.
 *
 *     100.64.3.7 - - [18/Dec/2025:13:11:22 +0000] "GET /cart HTTP/1.1" 200 2331 "https://..." "Mozilla/5.0 ..."
 *     yarn.example:443 100.64.3.7 - - [...                                          on the hosting server */
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"
#include "workloads/clickstream/traffic.h"
#include "workloads/out_time.h"

/* 18/Dec/2025:13:11:22 +0100, the local time of that offset. */
static void put_time(struct buf *b, int64_t time, int offset_minutes)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t year, local = time + offset_minutes * 60;
    int month, day, second = (int)(local % 86400), minutes = abs(offset_minutes);
    civil_from_days(local / 86400, &year, &month, &day);
    out_two(b, day);
    buf_append_byte(b, '/');
    buf_append(b, months + 3 * (month - 1), 3);
    buf_append_byte(b, '/');
    out_number(b, (uint64_t)year);
    for (int unit = 3600; unit > 0; unit /= 60) {
        buf_append_byte(b, ':');
        out_two(b, second / unit % 60);
    }
    buf_append_byte(b, ' ');
    buf_append_byte(b, offset_minutes < 0 ? '-' : '+');
    out_two(b, minutes / 60);
    out_two(b, minutes % 60);
}

static int offset_draw(struct traffic *t, int site)
{
    static const int16_t offsets[] = {60, 120, -300, -210, 330, 765, -720};
    if (chances_take(&t->chances, DIRT_OFFSET))
        return offsets[random_below(&t->chances.random, sizeof offsets / sizeof offsets[0])];
    return site == SITE_COMBINED - 1 ? 60 : 0; /* the last site's server has its own zone */
}

static void put_request(struct traffic *t, const struct hit *h)
{
    struct buf *b = &t->text;
    if (h->method == METHOD_BAD) {
        buf_append_str(b, site_garbage(&t->chances.random));
        return;
    }
    buf_append_str(b, method_name(h->method));
    buf_append_byte(b, ' ');
    site_put_path(b, &t->sites.path[h->path]);
    if (h->path < SITE_PAGES && chances_take(&t->chances, DIRT_ESCAPES))
        buf_append_str(b, site_escaped_query(&t->chances.random));
    else if (h->path < SITE_PAGES && random_chance(&t->chances.random, 1, 8))
        buf_append_str(b, site_query(&t->chances.random));
    buf_append_str(b, h->path % 3 ? " HTTP/1.1" : " HTTP/2.0");
}

void log_line_put(struct traffic *t, const struct hit *h, int referer)
{
    struct buf *b = &t->text;
    const struct visitor *v = &t->sites.visitor[h->visitor];
    buf_reset(b);
    if (site_is_hosted(h->site)) {
        buf_append_str(b, site_name(h->site));
        out_literal(b, ":443 ");
    }
    site_put_address(b, v);
    buf_append_str(b, h->visitor % 97 == 0 ? " - gardener [" : " - - [");
    put_time(b, h->time + (site_is_hosted(h->site) ? t->hosted_offset_s : 0), offset_draw(t, h->site));
    out_literal(b, "] \"");
    put_request(t, h);
    out_literal(b, "\" ");
    out_number(b, (uint64_t)h->status);
    buf_append_byte(b, ' ');
    if (h->bytes < 0)
        buf_append_byte(b, '-');
    else
        out_number(b, (uint64_t)h->bytes);
    out_literal(b, " \"");
    if (referer >= 0) {
        out_literal(b, "https://");
        buf_append_str(b, site_name(h->site));
        site_put_path(b, &t->sites.path[referer]);
    } else {
        buf_append_byte(b, '-');
    }
    out_literal(b, "\" \"");
    buf_append_str(b, site_agent(v->agent));
    buf_append_byte(b, '"');
}

void log_line_put_malformed(struct traffic *t)
{
    static const char *const broken[] = {
        "100.64.1.9 - ';echo 'x'; run bot;' [%s] \"GET / HTTP/1.1\" 502 166 \"-\" \"-\"",
        "100.64.1.9 - - [%s] \"GET /cut/off HTTP/1.1\" 200 2",
        "100.64.1.9 - - [%s] \"GET / HTTP/1.1\" OK 166 \"-\" \"-\"",
    };
    struct buf when = {0};
    put_time(&when, t->now, 0);
    buf_reset(&t->text);
    const char *format = broken[random_below(&t->chances.random, sizeof broken / sizeof broken[0])];
    const char *at = strstr(format, "%s");
    buf_append(&t->text, format, (size_t)(at - format));
    buf_append_slice(&t->text, buf_slice(&when));
    buf_append_str(&t->text, at + 2);
    buf_release(&when);
}
