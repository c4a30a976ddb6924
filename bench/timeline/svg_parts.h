/* svg_parts.h - what the picture (svg.c) and its legend (svg_legend.c) are written with (svg_pen.c). */
#ifndef MILLRACE_BENCH_TIMELINE_SVG_PARTS_H
#define MILLRACE_BENCH_TIMELINE_SVG_PARTS_H

#include "bench/timeline/svg.h"

enum { SVG_SMALL = 16 }; /* letters outside of rows */

void svg_style(enum svg_theme theme, struct buf *out);
const char *svg_kind_class(enum timeline_kind kind);
/* At most `max` characters of it, the last of them then three points. */
void svg_escaped(const char *s, size_t max, struct buf *out);
/* The width of a letter, rather more than less. */
double svg_letter(double size);
void svg_words(double x, double y, double size, const char *attributes, const char *s, size_t max, struct buf *out);
void svg_cross(double x, double y, double size, struct buf *out);
/* Two arrows that pass each other. */
void svg_swapped(double x, double y, struct buf *out);

/* The legend, only of what is in the picture, in one or two lines; where the last one stands. And the line below it. */
double svg_legend(const struct layout *l, struct buf *out);
void svg_notes_words(const struct layout *l, double y, struct buf *out);

#endif
