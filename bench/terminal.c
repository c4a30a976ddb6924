/* terminal.c - the report for a terminal (report.h): the same claims, answers and figures as on the page, as text, the
 * figures drawn by gnuplot's dumb terminal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/claims.h"

static const struct {
    const char *entity, *text;
} entities[] = {{"&lt;", "<"}, {"&gt;", ">"}, {"&amp;", "&"}, {"&nbsp;", " "}, {"&ndash;", "-"}, {"&micro;", "u"}};

/* What is inside of tags is left out; items and breaks begin a line. */
static void plain(struct buf *out, const char *html)
{
    for (const char *at = html; *at;) {
        size_t i = 0, count = sizeof entities / sizeof entities[0];
        if (*at == '<') {

            if (strncmp(at, "<li>", 4) == 0) buf_append_str(out, "\n- ");
            if (strncmp(at, "<br>", 4) == 0) buf_append_byte(out, '\n');
            at += strcspn(at, ">");
            at += *at == '>';
            continue;
        }
        while (*at == '&' && i < count && strncmp(at, entities[i].entity, strlen(entities[i].entity)) != 0) i++;
        if (*at == '&' && i < count) {
            buf_append_str(out, entities[i].text);
            at += strlen(entities[i].entity);
        } else {
            buf_append_byte(out, *at == '\n' ? ' ' : (uint8_t)*at);
            at++;
        }
    }
}

/* Words until `columns` are full, each line `indent` from the left; what follows the first line of an item two more. */
static void put_wrapped(FILE *to, const char *text, int columns, int indent)
{
    int column = 0, under = 0;
    for (bool begins = true; *text;) { /* a line of the text */
        int n = (int)strcspn(text, " \n");
        if (column > 0 && column + 1 + n > columns) column = (fputc('\n', to), 0);
        if (column > 0 && n > 0) column += fputc(' ', to) == ' ';
        if (column == 0 && n > 0) {
            bool item = begins && n == 1 && *text == '-';
            column = fprintf(to, "%*s", indent + (item ? 0 : under), "");
            if (item) under = 2;
        }
        column += fprintf(to, "%.*s", n, text);
        text += n;
        begins = *text == '\n';
        if (*text == '\n') column = (fputc('\n', to), 0);
        text += *text != 0;
    }
    fputc('\n', to);
}

void terminal_put(FILE *to, const char *html, int columns, int indent)
{
    struct buf text = {0};
    plain(&text, html);
    put_wrapped(to, buf_cstr(&text), columns, indent);
    buf_release(&text);
}

void terminal_figure(struct report *r, const struct figure *f, const struct caption *c)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    fprintf(to, "\n");
    terminal_put(to, c->title, r->columns, 0);
    fwrite(f->text.p, 1, f->text.n, to);
    terminal_put(to, c->read, r->columns, 0);
    terminal_put(to, c->n, r->columns, 0);
    fclose(to);
    buf_append(&r->drawn, text, n);
    free(text);
}

void report_terminal(struct report *r, FILE *to)
{
    terminal_put(to, buf_cstr(&r->claims_summary), r->columns, 0);
    fputc('\n', to);
    fwrite(r->verdicts.p, 1, r->verdicts.n, to);
    terminal_put(to, buf_cstr(&r->answers), r->columns, 0);
    fwrite(r->drawn.p, 1, r->drawn.n, to);
}
