/* The report as text. */
#include "bench/page_test.h"
#include "bench/report.h"

static char *terminal_of(const char *html, int columns)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    terminal_put(to, html, columns, 0);
    fclose(to);
    return text;
}

static void check_terminal(const char *html, int columns, const char *wanted)
{
    char *text = terminal_of(html, columns);
    check_str(text, wanted);
    free(text);
}

TEST(terminal, tags_are_left_out_and_words_wrapped)
{
    check_terminal("a <b>bold</b> word &amp; 1&nbsp;&micro;s &lt; 2", 80, "a bold word & 1 us < 2\n");
    check_terminal("one two three four", 9, "one two\nthree\nfour\n");
    check_terminal("a_word_that_is_longer than", 9, "a_word_that_is_longer\nthan\n");
    check_terminal("<ul><li>one</li>\n<li>two &c;</li></ul>", 80, "\n- one\n- two &c;\n");
    check_terminal("<li>one two three</li><li>four - five</li>", 9, "\n- one two\n  three\n- four -\n  five\n");
    check_terminal("left<br>right <unclosed", 80, "left\nright\n");
}

static void sizes_make(const char *dir)
{
    static const char *const cells[] = {"100 B", "1 KB", "10 KB"};
    for (int i = 0; i < 3; i++) {
        struct trial t;
        trial_init(&t, "E4", cells[i], 1);
        trial_metric(&t, "message", "bytes", i == 0 ? 100 : i == 1 ? 1000 : 10000);
        trial_metric(&t, "throughput", "messages/s", 1e6 / (i + 1));
        trial_metric(&t, "bytes", "MB/s", 100 * (i + 1));
        keep(&t, dir);
    }
}

TEST(terminal, it_has_the_claims_the_answers_and_the_figures)
{
    struct err_text error = {0};
    const char *dir = results_new();
    char *text = NULL, path[128];
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    sizes_make(dir);
    if (bench_report_terminal(dir, to, 80, false, &error) != 0) unit_fail("%s", error.text);
    fclose(to);
    const struct buf said = {.p = (uint8_t *)text, .n = n};
    check_has(&said, "open           record-size, E4\n");
    check_has(&said, "               3 times [3, 3], 1 and 1 trials\n               one valid trial of 10 KB");
    check_has(&said, "- How large a record should be. Records of 100 B: 1.00 million/s");
    check_has(&said, "E4. Records and bytes per second");
    check_has(&said, "size of a record"); /* drawn: an axis, and points on it */
    check_has(&said, "median and");       /* a legend */
    check_lacks(&said, "\033");
    check_lacks(&said, "<b>");
    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        if (length > 80) unit_fail("%d columns: %.*s", (int)length, (int)length, line);
        line += length + (line[length] != 0);
    }
    snprintf(path, sizeof path, "%s/figures/e4_size.dumb", dir);
    check(access(path, F_OK) != 0); /* nothing is left of it */
    free(text);
    results_remove(dir);
}
