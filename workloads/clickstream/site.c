#include "workloads/clickstream/site.h"

#include <stdio.h>
#include <string.h>

#include "workloads/out_file.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const char *const names[SITE_COUNT] = {"garden.example", "kitchen.example", "workshop.example", "yarn.example",
                                              "zoo.example"};

#define MOZILLA "Mozilla/5.0 "
#define CHROME  "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/"

/* People first, then bots, then scanners: the borders are below. */
static const char *const agents[] = {
    MOZILLA "(Windows NT 10.0; Win64; x64) " CHROME "143.0.0.0 Safari/537.36",
    MOZILLA "(Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15",
    MOZILLA "(iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    MOZILLA "(Linux; Android 14; K) " CHROME "142.0.0.0 Mobile Safari/537.36",
    MOZILLA "(X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
    MOZILLA "(Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
    MOZILLA "(X11; CrOS x86_64 14541.0.0) " CHROME "134.0.0.0 Safari/537.36",
    MOZILLA "(Windows NT 6.1; WOW64) " CHROME "60.0.3112.113 Safari/537.36 OPR/47.0",
    "Opera/9.80 (J2ME/MIDP; \\\"Mini\\\"/7.1; U; en) Presto/2.8.119",
    "Dillo/3.1.0, \\\"small\\\" \\\\ light",
    MOZILLA "(compatible; SeedlingBot/2.1; +https://seedling.example/bot)",
    MOZILLA "(compatible; FieldMouse/1.0)",
    "python-requests/2.32.3",
    "Go-http-client/1.1",
    "curl/8.5.0",
    "-",
    "",
    MOZILLA "zgrab/0.x",
};
enum { FIRST_WITHOUT_SCRIPTS = 8, FIRST_BOT = 10, FIRST_SCANNER = 14, AGENTS = COUNT(agents) };

static const char *const probes[SITE_PROBES] = {"/.env",
                                                "/.git/config",
                                                "/wp-login.php",
                                                "/xmlrpc.php",
                                                "/admin/config.php",
                                                "/cgi-bin/luci/;stok=/locale",
                                                "/actuator",
                                                "/SDK/webLanguage",
                                                "/index.php",
                                                "/phpinfo.php",
                                                "/vendor/eval.php",
                                                "/a\\x22b\\x22",
                                                "/back\\\\slash",
                                                "/config.json",
                                                "/backup.zip",
                                                "/robots.txt",
                                                "/HUMANS.TXT",
                                                "/sitemap.xml",
                                                "/owa/auth",
                                                "/solr/admin",
                                                "/old/site.bak",
                                                "/console",
                                                "*",
                                                "relay.example:443"};

static const char *const garbage[] = {
    "\\x16\\x03\\x01\\x02\\x00\\x01\\x00\\x01\\xFC\\x03\\x03\\xA1\\x1F]\\xC9",
    "\\x16\\x03\\x01\\x00\\xEE\\x01\\x00\\x00\\xEA\\x03\\x03",
    "\\x15\\x03\\x01\\x00\\x02\\x02P",
    "\\x03\\x00\\x00/*\\xE0\\x00\\x00\\x00\\x00\\x00Cookie: mstshash=hello",
    "{\\x22id\\x22:1,\\x22method\\x22:\\x22login\\x22}",
    "SSH-2.0-Go",
    "t3 12.1.2",
    "GET /no-version",
    "get /lower HTTP/1.1",
    "",
    "-",
};

static const char *const queries[] = {"?page=2",     "?q=red%20tin&sort=price", "?utm_source=letter&utm_medium=mail",
                                      "?ref=/a/b?c", "?v=1632509467292",        "?"};
static const char *const escaped_queries[] = {"?s=/index/\\\\think\\\\app", "?q=\\x22tin\\x22",
                                              "?c=<?echo(\\\"hi\\\");?>", "?name=caf\\xC3\\xA9"};

const char *site_name(int site)
{
    return names[site];
}
const char *site_agent(int agent)
{
    return agents[agent];
}
bool site_is_hosted(int site)
{
    return site >= SITE_COMBINED;
}
bool site_agent_runs_scripts(int agent)
{
    return agent < FIRST_WITHOUT_SCRIPTS;
}
bool site_agent_is_bot(int agent)
{
    return agent >= FIRST_BOT && agent < FIRST_SCANNER;
}
bool site_agent_is_scanner(int agent)
{
    return agent >= FIRST_SCANNER;
}
const char *site_garbage(struct random *r)
{
    return garbage[random_below(r, COUNT(garbage))];
}
const char *site_query(struct random *r)
{
    return queries[random_below(r, COUNT(queries))];
}
const char *site_escaped_query(struct random *r)
{
    return escaped_queries[random_below(r, COUNT(escaped_queries))];
}

void site_put_address(struct buf *b, const struct visitor *v)
{
    uint32_t a = v->address;
    buf_append(b, "100.", 4);
    out_number(b, 64 + (a >> 16));
    buf_append_byte(b, '.');
    out_number(b, a >> 8 & 255);
    buf_append_byte(b, '.');
    out_number(b, a & 255);
}

static void page(struct path *p, int index)
{
    static const char *const first[] = {"/", "/about", "/cart", "/checkout", "/index.html", "/login", "/category/tins"};
    if (index < (int)COUNT(first))
        snprintf(p->text, sizeof p->text, "%s", first[index]);
    else if (index % 9 == 0)
        snprintf(p->text, sizeof p->text, "/guide/caf%%C3%%A9-%d/", index);
    else
        snprintf(p->text, sizeof p->text, "/product/%d", 20000 + index * 37);
}

static void asset(struct path *p, int index)
{
    static const char *const extension[] = {"css", "js", "mjs", "png", "JPG", "svg", "woff2", "ico", "webp", "gif"};
    snprintf(p->text, sizeof p->text, index % 4 ? "/assets/%d.%s" : "/images/%d.%s", index,
             extension[index % (int)COUNT(extension)]);
    p->is_static = true;
}

static void probe(struct path *p, int index)
{
    snprintf(p->text, sizeof p->text, "%s", probes[index]);
    p->is_static =
        strstr(p->text, ".zip") || strstr(p->text, ".txt") || strstr(p->text, ".TXT") || strstr(p->text, ".xml");
}

/* Two visitors of an address have different agents: the second takes the next one. */
static void visitors_init(struct sites *s, struct random *r)
{
    for (int i = 0; i < SITE_VISITORS; i++) {
        struct visitor *v = &s->visitor[i];
        bool shares = i % 7 == 6;
        uint64_t kind = random_below(r, 10);
        v->address = (uint32_t)(256 + (shares ? i - 1 : i));
        v->agent = kind < 8   ? (uint16_t)random_below(r, FIRST_BOT)
                   : kind < 9 ? (uint16_t)(FIRST_BOT + random_below(r, FIRST_SCANNER - FIRST_BOT))
                              : (uint16_t)(FIRST_SCANNER + random_below(r, AGENTS - FIRST_SCANNER));
        if (shares && v->agent == s->visitor[i - 1].agent) v->agent = (uint16_t)((v->agent + 1) % AGENTS);
    }
}

void sites_init(struct sites *s, struct random *r)
{
    memset(s, 0, sizeof *s);
    for (int i = 0; i < SITE_PATHS; i++) {
        if (i < SITE_PAGES)
            page(&s->path[i], i);
        else if (i < SITE_PAGES + SITE_ASSETS)
            asset(&s->path[i], i - SITE_PAGES);
        else
            probe(&s->path[i], i - SITE_PAGES - SITE_ASSETS);
        s->path[i].length = (uint8_t)strlen(s->path[i].text);
        s->path[i].bytes = 200 + (uint32_t)random_below(r, i % 5 == 0 ? 90000 : 6000);
    }
    popularity_init(&s->pages, SITE_PAGES, 4);
    popularity_init(&s->assets, SITE_ASSETS, 6);
    popularity_init(&s->visitors, 16000, 200);
    visitors_init(s, r);
}
