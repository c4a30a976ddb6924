/* svg.h - a layout as an SVG document: words of 14 pixels and more, colours of Okabe and Ito, and nothing that is told
 * by colour alone. Classes begin with "tl-", so that the drawing can stand in a page of others. */
#ifndef MILLRACE_BENCH_TIMELINE_SVG_H
#define MILLRACE_BENCH_TIMELINE_SVG_H

#include "bench/timeline/layout.h"

enum svg_theme {
    SVG_AUTO, /* as the reader's browser is set */
    SVG_LIGHT,
    SVG_DARK,
};

void timeline_svg(const struct layout *l, enum svg_theme theme, struct buf *out);

#endif
