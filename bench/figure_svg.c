/* figure_svg.c - a drawing of gnuplot's made fit for a page (figure.h): ids of its own, colours that follow the page.
 *
 * gnuplot gives its symbols and patterns the same ids in every drawing, with different colours: every definition of an
 * id and every reference to one gets the figure's name in front. A colour becomes a variable of the page's style sheet,
 * "rgb(0, 114, 178)" is "var(--s0)": so a drawing is dark where the page is. */
#include <stdio.h>
#include <string.h>

#include "bench/figure.h"

static const struct {
    int r, g, b;
    const char *name;
} variables[] = {{255, 255, 255, "paper"}, {0, 0, 0, "ink"},    {221, 221, 221, "grid"}, {85, 85, 85, "axis"},
                 {119, 119, 119, "faint"}, {0, 114, 178, "s0"}, {213, 94, 0, "s1"},      {0, 158, 115, "s2"},
                 {204, 121, 167, "s3"},    {230, 159, 0, "s4"}, {86, 180, 233, "s5"}};

/* The length of the colour at `at` in any of gnuplot's spellings, 0 when there is none. */
static size_t colour(const char *at, int rgb[3])
{
    int n = 0;
    if (sscanf(at, "rgb( %d , %d , %d )%n", &rgb[0], &rgb[1], &rgb[2], &n) == 3 && n > 0) return (size_t)n;
    if (*at == '#' && strspn(at + 1, "0123456789abcdefABCDEF") == 6 &&
        sscanf(at, "#%2x%2x%2x", (unsigned *)&rgb[0], (unsigned *)&rgb[1], (unsigned *)&rgb[2]) == 3)
        return 7;
    if (strncmp(at, "black", 5) != 0) return 0;
    memset(rgb, 0, 3 * sizeof *rgb);
    return 5;
}

static const char *variable(const int rgb[3])
{
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        if (variables[i].r == rgb[0] && variables[i].g == rgb[1] && variables[i].b == rgb[2]) return variables[i].name;
    }
    return NULL;
}

static size_t take_id(struct figure *f, const char *at)
{
    static const char *const before[] = {" id='", " id=\"", "href='#", "href=\"#", "url(#"};
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        size_t n = strlen(before[i]);
        if (strncmp(at, before[i], n) != 0) continue;
        buf_append(&f->svg, at, n);
        buf_printf(&f->svg, "%s_", f->name);
        return n;
    }
    return 0;
}

/* A colour is the value of an attribute, or follows a colon in one. */
static size_t take_colour(struct figure *f, const char *at)
{
    int rgb[3];
    if (*at != '\'' && *at != '"' && *at != ':') return 0;
    size_t n = colour(at + 1, rgb);
    const char *name = n ? variable(rgb) : NULL;
    if (!name) return 0;
    buf_append(&f->svg, at, 1);
    buf_printf(&f->svg, "var(--%s)", name);
    return n + 1;
}

void figure_svg(struct figure *f, const char *text)
{
    const char *at = strstr(text, "<svg");
    if (at) {
        /* Letters of 14 are 10 and a half pixels high in a narrow window, where a drawing scrolls. */
        buf_printf(&f->svg, "<svg style='min-width:%dpx'", f->width * 3 / 4);
        at += strlen("<svg");
    }
    while (at && *at) {
        size_t n = take_id(f, at);
        if (n == 0) n = take_colour(f, at);
        if (n == 0) buf_append(&f->svg, at, 1);
        at += n ? n : 1;
    }
}

void figure_style(struct buf *css)
{
    /* Okabe and Ito's hues, moved until any two are 14 apart (CIEDE2000) to the common eye and to a colour-blind one,
     * and each at least 3:1 on white paper, 4.5:1 in the dark: theirs are 2.3:1 at the yellow end, and lightened for
     * the dark they were 7 apart. tests/page/colours.py measures them. */
    static const char light[] = "--paper:#fff;--ink:#000;--grid:#ddd;--axis:#555;--faint:#777;--s0:#1d54cb;"
                                "--s1:#b7401e;--s2:#028664;--s3:#ea5b9a;--s4:#b29100;--s5:#3a96ed";
    static const char dark[] = "--paper:#16181c;--ink:#eee;--grid:#3a3d43;--axis:#b5b5b5;--faint:#999;--s0:#708ef9;"
                               "--s1:#d66622;--s2:#15c785;--s3:#f38eba;--s4:#dccd15;--s5:#bddfff";
    buf_printf(
        css,
        ":root{color-scheme:light dark;%s}\n@media (prefers-color-scheme:dark){:root{%s}}\n@media print{:root{%s}}\n",
        light, dark, light);
}
