/* report.c - what the parts of the report share: estimates, lists of void trials, figures with their captions. */
#include "bench/report.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/bench.h"
#include "bench/claims.h"
#include "bench/folder.h"
#include "bench/peer_report.h"
#include "bench/results.h"
#include "bench/summary.h"

void report_html(struct buf *b, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '<': buf_append_str(b, "&lt;"); break;
        case '>': buf_append_str(b, "&gt;"); break;
        case '&': buf_append_str(b, "&amp;"); break;
        default: buf_append_byte(b, (uint8_t)*text); break;
        }
    }
}

/* --- what the experiments' parts ask for --- */

bool report_estimate(const struct trials *all, const char *cell, const char *metric, struct estimate *out)
{
    double values[REPORT_TRIALS_MAX];
    int n = trials_values(all, cell, metric, values, REPORT_TRIALS_MAX);
    if (n > 0) *out = estimate_median(values, n);
    return n > 0;
}

double report_percentile(const struct trials *all, const char *cell, const char *histogram, double percentile)
{
    struct histogram merged;
    histogram_init(&merged);
    trials_merge(all, cell, histogram, &merged);
    double value = merged.total ? (double)histogram_percentile(&merged, percentile) : -1;
    histogram_release(&merged);
    return value;
}

uint64_t report_total(const struct trials *all, const char *cell, const char *histogram)
{
    uint64_t total = 0;
    for (int i = 0; i < all->count; i++) {
        const struct histogram *h = trial_values(&all->items[i], histogram);
        if (h && trials_has(all, &all->items[i], cell)) total += h->total;
    }
    return total;
}

double report_limit(const struct report *r, const char *metric)
{
    return r->limits.count ? trial_value(&r->limits.items[0], metric) : NAN;
}

double report_limit_percentile(const struct report *r, const char *histogram, double percentile)
{
    const struct histogram *h = r->limits.count ? trial_values(&r->limits.items[0], histogram) : NULL;
    return h ? (double)histogram_percentile(h, percentile) : NAN;
}

static void trials_list(struct buf *b, const struct trials *all, bool findings)
{
    buf_append_str(b, "<ul class=note>\n");
    for (int i = 0; i < all->count; i++) {
        const struct gate_verdict *v = &all->items[i].verdict;
        int count = findings ? v->finding_count : v->void_count;
        if (count == 0 || (findings && v->void_count > 0)) continue;
        buf_printf(b, "<li>%s, trial %d: ", all->items[i].cell, all->items[i].number);
        for (int k = 0; k < count; k++) {
            if (k > 0) buf_append_str(b, "; ");
            report_html(b, findings ? v->findings[k] : v->void_reasons[k]);
        }
        buf_append_str(b, "</li>\n");
    }
    buf_append_str(b, "</ul>\n");
}

bool report_unmeasurable(const struct trials *all, const char *cell, char why[REPORT_WHY_MAX])
{
    struct trials voids = trials_voids(all);
    const struct trial *of_cell[REPORT_TRIALS_MAX];
    int n = 0;
    for (int i = 0; i < all->count && n < REPORT_TRIALS_MAX; i++) {
        if (trials_has(all, &all->items[i], cell)) return false;
        if (trials_has(&voids, &all->items[i], cell)) of_cell[n++] = &all->items[i];
    }
    if (n == 0) return false;
    const char *reason = of_cell[n / 2]->verdict.void_reasons[0];
    snprintf(why, REPORT_WHY_MAX, "not measurable here: %.*s", (int)strcspn(reason, "("), reason);
    for (size_t end = strlen(why); end > 0 && why[end - 1] == ' ';) why[--end] = 0;
    return true;
}

bool report_no_answer(struct report *r, const char *topic, const struct trials *all, const char *cell)
{
    char why[REPORT_WHY_MAX];
    if (!report_unmeasurable(all, cell, why)) return false;
    buf_printf(&r->answers, "<li><b>%s.</b> <span class=bad>", topic);
    buf_append_byte(&r->answers, 'N');
    report_html(&r->answers, why + 1);
    buf_printf(&r->answers,
               ".</span> What the void trials say is hollow and grey in the figures. <span class=note>(%s)"
               "</span></li>\n",
               all->items[0].experiment);
    return true;
}

void report_n(char *out, size_t size, const struct trials *all, const char *const cells[], int count,
              const char *metric, const char *per)
{
    int least = REPORT_TRIALS_MAX, most = 0;
    for (int i = 0; i < count; i++) {
        double values[REPORT_TRIALS_MAX];
        int n = trials_values(all, cells[i], metric, values, REPORT_TRIALS_MAX);
        if (n > 0 && n < least) least = n;
        if (n > most) most = n;
    }
    if (most == 0)
        snprintf(out, size, "No valid trials");
    else if (least == most)
        snprintf(out, size, "n = %d interleaved trials per %s", most, per);
    else
        snprintf(out, size, "n = %d to %d interleaved trials per %s", least, most, per);
}

/* What the manifest says about planned trials that there was no time for. */
static void cut_say(struct report *r, const char *experiment)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s/manifest.json", r->dir, experiment);
    json_t *manifest = json_load_file(path, 0, NULL);
    int cut = (int)json_integer_value(json_object_get(manifest, "cut"));
    if (cut > 0)
        buf_printf(
            &r->body,
            "<p class=bad>Cut for time: %d planned trials were not made, because this experiment had %.0f s of the "
            "run's. The same command makes them; <code>--minutes</code> gives it more.</p>\n",
            cut, json_number_value(json_object_get(manifest, "budget_s")));
    if (json_is_true(json_object_get(manifest, "ended")))
        buf_append_str(&r->body, "<p class=bad>Ended by a signal before all planned trials were made. The same command "
                                 "makes the others.</p>\n");
    json_decref(manifest);
}

/* Experiments of the run that have nothing to show say why: a manifest without a trial. */
static void none_made(struct report *r, const struct bench_experiment_name *e)
{
    char path[PATH_MAX + 64], heading[64];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s/manifest.json", r->dir, e->id);
    snprintf(heading, sizeof heading, "<h2 id=%s>", e->id);
    if (stat(path, &st) != 0 || strstr(buf_cstr(&r->body), heading)) return;
    buf_printf(&r->body, "%s%s: ", heading, e->id);
    report_html(&r->body, e->question);
    buf_append_str(&r->body, "</h2>\n");
    r->experiments++;
    cut_say(r, e->id);
}

void report_section(struct report *r, const char *heading, const struct trials *all)
{
    int voided = 0, found = 0;
    const char *id = all->items[0].experiment;
    series_targets(all, r->targets);
    buf_printf(&r->links, "<a href=#%s>%s</a> ", id, id);
    buf_printf(&r->body, "<h2 id=%s>", id);
    report_html(&r->body, heading);
    buf_append_str(&r->body, "</h2>\n");
    for (int i = 0; i < all->count; i++) {
        voided += !trial_valid(&all->items[i]);
        found += trial_valid(&all->items[i]) && all->items[i].verdict.finding_count > 0;
    }
    buf_printf(&r->body, "<p class=note>%d trial%s, ", all->count, all->count == 1 ? "" : "s");
    if (voided > 0) {
        buf_printf(
            &r->body,
            "%d void (kept in the files, run again, left out of every median and curve, hollow in the figures):</p>\n",
            voided);
        buf_append_str(&r->body, "<details><summary class=note>which, and why</summary>\n");
        trials_list(&r->body, all, false);
        buf_append_str(&r->body, "</details>\n");
    } else {
        buf_append_str(&r->body, "none void.</p>\n");
    }
    if (found > 0) {
        buf_printf(&r->body, "<details><summary class=note>what was found in %d of the others</summary>\n", found);
        trials_list(&r->body, all, true);
        buf_append_str(&r->body, "</details>\n");
    }
    cut_say(r, all->items[0].experiment);
    if (voided == all->count)
        buf_append_str(&r->body,
                       "<p class=bad>Not measurable here: every trial was void. What the figures show is what "
                       "the void trials say, hollow and grey. Once the machine has nothing else to do, the "
                       "same command goes on.</p>\n");
}

static int csv_write(const struct report *r, struct figure *f, const char *experiment, struct err_text *error)
{
    struct buf csv = {0};
    char path[PATH_MAX + 128];
    /* E6 has no trials of its own, so no folder yet. */
    snprintf(path, sizeof path, "%s/%s", r->dir, experiment);
    int rc = folder_make(path, error);
    snprintf(path, sizeof path, "%s/%s/%s.csv", r->dir, experiment, f->name);
    figure_csv(f, &csv);
    if (rc == 0) rc = results_write(path, csv.p, csv.n, error);
    buf_release(&csv);
    return rc;
}

int report_figure(struct report *r, struct figure *f, const struct caption *c, struct err_text *error)
{
    if (f->points == 0) return 0;
    int rc = figure_draw(f, r->figures, error);
    if (rc == 0) rc = csv_write(r, f, c->experiment, error);
    if (rc == 0 && r->columns > 0) rc = figure_draw_text(f, r->figures, r->columns, r->colours, error);
    if (rc < 0) return rc;
    if (r->columns > 0) terminal_figure(r, f, c);
    buf_printf(&r->body, "<figure id=%s>\n<div class=wide>", f->name);
    buf_append_slice(&r->body, buf_slice(&f->svg));
    buf_printf(
        &r->body,
        "</div><figcaption><b>%s</b>%s<br><span class=note>%s. Durability: %s. Run: <code>%s/%s</code>. %sAgain: "
        "<code>millrace bench run %s%s "
        "--profile %s --out DIR &amp;&amp; millrace bench report DIR</code>; only the drawing: <code>cd figures "
        "&amp;&amp; gnuplot %s.gnuplot</code></span></figcaption></figure>\n",
        c->title, c->read, c->n, c->durability, strrchr(r->dir, '/') + 1, c->experiment, r->machine, c->experiment,
        r->targets, r->profile, f->name);
    return 0;
}

/* --- the machine --- */

json_t *report_environment(const struct report *r)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/limits/trial-limits-1.json", r->dir);
    json_t *json = json_load_file(path, 0, NULL);
    json_t *environment = json_incref(json_object_get(json, "environment"));
    json_decref(json);
    return environment;
}

const char *report_environment_text(json_t *environment, const char *key)
{
    const char *text = json_string_value(json_object_get(environment, key));
    return text ? text : "?";
}

/* What a caption says about the machine, and the profile of the command in it. */
static void machine_read(struct report *r)
{
    struct buf b = {0};
    json_t *e = report_environment(r);
    const char *profile = json_string_value(json_object_get(e, "profile"));
    snprintf(r->profile, sizeof r->profile, "%s", profile && strcmp(profile, "full") == 0 ? "full" : "quick");
    if (e) {
        buf_printf(&b, "Machine: %d x ", (int)json_integer_value(json_object_get(e, "cpus")));
        report_html(&b, report_environment_text(e, "cpu"));
        buf_append_str(&b, ", Linux ");
        report_html(&b, report_environment_text(e, "kernel"));
        buf_printf(&b, ", %s, %s. ", report_environment_text(e, "filesystem"), report_environment_text(e, "time"));
        snprintf(r->machine, sizeof r->machine, "%s", buf_cstr(&b));
    }
    buf_release(&b);
    json_decref(e);
}

int bench_report(const char *dir, struct err_text *error)
{
    return bench_report_terminal(dir, NULL, 0, false, error);
}

int bench_report_terminal(const char *dir, FILE *to, int columns, bool colours, struct err_text *error)
{
    static int (*const parts[])(struct report *, struct err_text *) = {
        report_pause,  report_acks, report_load,   report_batching, report_size,  report_freshness, report_price,
        report_replay, report_loss, report_groups, report_cost,     report_pairs, report_state,     report_wire};
    struct report r = {.columns = columns, .colours = colours};
    if (!realpath(dir, r.dir) || strlen(r.dir) > PATH_MAX / 2)
        return err_set(error, ERR_NOTFOUND, "%s: there is no such folder", dir);
    snprintf(r.figures, sizeof r.figures, "%.*s/figures", PATH_MAX / 2, r.dir);
    int rc = folder_make(r.figures, error);
    if (rc < 0) return rc;
    machine_read(&r);
    rc = trials_load(&r.limits, r.dir, "limits", error);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && rc == 0; i++) rc = parts[i](&r, error);
    for (const struct bench_experiment_name *e = bench_experiments(); e->id && rc == 0; e++) none_made(&r, e);
    if (rc == 0 && r.experiments == 0) rc = err_set(error, ERR_NOTFOUND, "%s: holds no results of an experiment", dir);
    for (const struct bench_experiment_name *e = bench_experiments(); e->id && rc == 0; e++)
        rc = summary_write(r.dir, e->id, error);
    if (rc == 0) rc = report_claims(&r, error);
    if (rc == 0) rc = report_page(&r, error);
    if (rc == 0 && to) report_terminal(&r, to);
    trials_release(&r.limits);
    buf_release(&r.answers);
    buf_release(&r.verdicts);
    buf_release(&r.drawn);
    buf_release(&r.claims);
    buf_release(&r.claims_summary);
    buf_release(&r.links);
    buf_release(&r.body);
    return rc;
}
