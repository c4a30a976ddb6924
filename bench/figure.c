#include "bench/figure.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/results.h"
#include "lib/os/process.h"

static const char *const palette[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"};

const char *figure_colour(int series)
{
    return palette[series % (int)(sizeof palette / sizeof palette[0])];
}

const char *figure_faded(int series)
{
    static const char *const faded[] = {"#800072B2", "#80D55E00", "#80009E73", "#80CC79A7", "#80E69F00", "#8056B4E9"};
    return faded[series % (int)(sizeof faded / sizeof faded[0])];
}

void figure_begin(struct figure *f, const char *name, int width, int height)
{
    memset(f, 0, sizeof *f);
    snprintf(f->name, sizeof f->name, "%s", name);
    f->width = width;
    f->height = height;
    buf_printf(&f->script,
               "# Draws %s.svg, or %s.png with: gnuplot -e \"kind='png'\" %s.gnuplot\n"
               "if (!exists(\"kind\")) kind = 'svg'\n"
               "if (kind eq 'svg') set terminal svg size %d,%d dynamic font 'sans-serif,14' name '%s' background "
               "'#ffffff'\n"
               "if (kind eq 'dumb') set terminal dumb size 100,30 noenhanced mono\n"
               "if (kind eq 'png') set terminal pngcairo size %d,%d font 'sans-serif,11' background '#ffffff'\n"
               "set output '%s.'.kind\n"
               "set grid ytics lc rgb '#dddddd' lt 1\n"
               "set border 3 lc rgb '#555555'\n"
               "set tics nomirror\n"
               "set encoding utf8\n",
               name, name, name, width, height, name, width, height, name);
}

void figure_release(struct figure *f)
{
    buf_release(&f->script);
    buf_release(&f->svg);
    buf_release(&f->text);
}

/* In gnuplot's single quotes a quote is doubled. */
static void string(struct buf *b, const char *text, size_t n)
{
    buf_append_byte(b, '\'');
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\'') buf_append_byte(b, '\'');
        buf_append_byte(b, (uint8_t)text[i]);
    }
    buf_append_byte(b, '\'');
}

void figure_note(struct buf *script, double x, const char *text)
{
    const char *rest = strstr(text, ": ");
    buf_append_str(script, "set label ");
    string(script, text, rest ? (size_t)(rest + 1 - text) : strlen(text));
    if (rest) {
        buf_append_str(script, " . \"\\n\" . ");
        string(script, rest + 2, strlen(rest + 2));
    }
    buf_printf(script, " at %g, graph 0.03 rotate by 90 left noenhanced front font ',11' tc rgb '#555555'\n", x);
}

static int script_write(const struct figure *f, const char *folder, struct err_text *error)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s.gnuplot", folder, f->name);
    return results_write(path, f->script.p, f->script.n, error);
}

/* Runs gnuplot in `folder` on a script there, after the commands `first`. */
static int run(const char *folder, const char *first, const char *script, struct err_text *error)
{
    struct buf commands = {0};
    struct process p;
    buf_append_str(&commands, "cd ");
    string(&commands, folder, strlen(folder));
    buf_printf(&commands, "; %s", first);
    /* In the C locale gnuplot complains of characters that no figure here has. */
    const char *const argv[] = {"env", "LC_ALL=C.UTF-8", "gnuplot", "-e", buf_cstr(&commands), script, NULL};
    /* Its warnings, that a series has no points here, are no news. */
    int rc = process_start(&p, argv, PROCESS_QUIET_ERR, error);
    if (rc == 0 && process_wait(&p, 60000) != 0)
        rc = err_set(error, ERR_IO, "gnuplot failed on %s/%s: run it by hand to see why", folder, script);
    buf_release(&commands);
    return rc;
}

static int draw(const struct figure *f, const char *folder, const char *kind, struct err_text *error)
{
    char script[80], first[32];
    snprintf(script, sizeof script, "%s.gnuplot", f->name);
    snprintf(first, sizeof first, "kind='%s'", kind);
    return run(folder, first, script, error);
}

static int file_read(const char *folder, const char *name, struct buf *text, struct err_text *error)
{
    char path[PATH_MAX], block[65536];
    size_t n;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (!file) return err_set(error, ERR_IO, "%s: cannot be read", path);
    while ((n = fread(block, 1, sizeof block, file)) > 0) buf_append(text, block, n);
    fclose(file);
    return 0;
}

static int svg_read(struct figure *f, const char *folder, struct err_text *error)
{
    char name[80];
    struct buf text = {0};
    snprintf(name, sizeof name, "%s.svg", f->name);
    int rc = file_read(folder, name, &text, error);
    if (rc == 0) figure_svg(f, buf_cstr(&text));
    buf_release(&text);
    if (rc < 0) return rc;
    return f->svg.n > 0 ? 0 : err_set(error, ERR_CORRUPT, "%s/%s: is not a drawing", folder, name);
}

int figure_draw(struct figure *f, const char *folder, struct err_text *error)
{
    int rc = script_write(f, folder, error);
    if (rc == 0) rc = draw(f, folder, "svg", error);
    if (rc == 0) rc = draw(f, folder, "png", error);
    return rc == 0 ? svg_read(f, folder, error) : rc;
}

/* --- for a terminal --- */

/* figure_note's: letters do not turn, and would lie over the bars. */
static bool is_note(const char *line, size_t n)
{
    static const char turned[] = "rotate by 90 left noenhanced front";
    return strncmp(line, "set label", 9) == 0 && memmem(line, n, turned, sizeof turned - 1);
}

/* The script without its grid, which letters would be lost in, for a terminal of this size. */
static void text_script(struct figure *f, int columns, bool colours, struct buf *out)
{
    for (const char *at = buf_cstr(&f->script); *at;) {
        size_t n = strcspn(at, "\n");
        n += at[n] == '\n';
        if (strncmp(at, "if (kind eq 'dumb')", 19) == 0)
            buf_printf(out, "set terminal dumb size %d,%d noenhanced %s\n", columns, columns * 3 / 10,
                       colours ? "ansi256" : "mono");
        else if (strncmp(at, "set grid", 8) != 0 && !is_note(at, n))
            buf_append(out, at, n);
        at += n;
    }
}

/* gnuplot begins each drawing with a form feed, and fills its lines: without either, and without empty lines. */
static void text_trim(struct buf *text)
{
    struct buf out = {0};
    for (const char *at = buf_cstr(text); *at;) {
        const char *begin = at + (*at == '\f');
        size_t n = strcspn(begin, "\n"), kept = n;
        while (kept > 0 && begin[kept - 1] == ' ') kept--;
        if (kept > 0) buf_append(&out, begin, kept);
        if (kept > 0) buf_append_byte(&out, '\n');
        at = begin + n + (begin[n] != 0);
    }
    buf_release(text);
    *text = out;
}

int figure_draw_text(struct figure *f, const char *folder, int columns, bool colours, struct err_text *error)
{
    char script[80], drawn[80], path[2][PATH_MAX];
    struct buf text = {0};
    snprintf(script, sizeof script, "%s.text.gnuplot", f->name);
    snprintf(drawn, sizeof drawn, "%s.dumb", f->name);
    snprintf(path[0], sizeof path[0], "%s/%s", folder, script);
    snprintf(path[1], sizeof path[1], "%s/%s", folder, drawn);
    text_script(f, columns, colours, &text);
    int rc = results_write(path[0], text.p, text.n, error);
    buf_release(&text);
    if (rc == 0) rc = run(folder, "kind='dumb'", script, error);
    if (rc == 0) rc = file_read(folder, drawn, &f->text, error);
    if (rc == 0) text_trim(&f->text);
    for (int i = 0; i < 2; i++) unlink(path[i]);
    return rc;
}
