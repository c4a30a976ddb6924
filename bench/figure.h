/* figure.h - one figure of the report: a gnuplot script with its data inside, drawn as SVG and PNG.
 *
 *     figure_begin -> append data and commands to f.script -> figure_draw -> figure_release
 *
 * DIR/figures/NAME.gnuplot stands alone: `gnuplot NAME.gnuplot` in that folder draws NAME.svg again.
 * Colours are those of Okabe and Ito, on the page moved further apart (figure_style), and every series also differs in
 * its dashes, its marker or its pattern: who sees no colours, or prints in grey, can read it (tests/page/colours.py).
 */
#ifndef MILLRACE_BENCH_FIGURE_H
#define MILLRACE_BENCH_FIGURE_H

#include <stdbool.h>

#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct figure {
    char name[64];
    int width, height; /* pixels; the SVG scales */
    int points;        /* in its data; gnuplot cannot draw none */
    struct buf script;
    struct buf text; /* after figure_draw_text */
    struct buf svg;  /* after figure_draw: to be put into a page, with ids of its own */
};

void figure_begin(struct figure *f, const char *name, int width, int height);
void figure_release(struct figure *f);
/* Writes and runs the script. ERR_NOTFOUND when there is no gnuplot. */
int figure_draw(struct figure *f, const char *folder, struct err_text *error);

/* Takes a drawing of gnuplot's into f->svg, as a page needs it. */
void figure_svg(struct figure *f, const char *text);
/* The style sheet's part about colours, light, dark and in print: --paper, --ink, --grid, --axis, --faint, --s0 ... */
void figure_style(struct buf *css);

/* Its data, a line per number: series,point,name,value (figure_csv.c). */
void figure_csv(struct figure *f, struct buf *csv);

/* Draws with gnuplot's dumb terminal, `columns` wide, into f->text; `colours`: with a terminal's escape sequences. */
int figure_draw_text(struct figure *f, const char *folder, int columns, bool colours, struct err_text *error);

/* Text at x that runs upwards from the axis, about what is missing there; a line of its own from ": " on. */
void figure_note(struct buf *script, double x, const char *text);

/* "#0072B2" and so on, by the number of the series. */
const char *figure_colour(int series);
/* The same, half transparent: of what is void. */
const char *figure_faded(int series);

#endif
