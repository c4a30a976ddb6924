/* claims_report.c - the verdicts on the page and in claims.json (claims.h). */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/claims.h"
#include "bench/results.h"

static const char *const words[] = {"holds", "does not hold", "open", "not measured"};

/* lab.json is written by `millrace lab`. */
static struct claim_result lab_judge(const struct report *r)
{
    struct claim_result result = {.verdict = CLAIM_NOT_MEASURED, .why = "not measured in this run"};
    char path[PATH_MAX + 16];
    size_t i;
    json_t *verdict;
    snprintf(path, sizeof path, "%s/lab.json", r->dir);
    json_t *lab = json_load_file(path, 0, NULL);
    json_array_foreach(json_object_get(lab, "verdicts"), i, verdict)
    {
        bool same = json_is_true(json_object_get(verdict, "batch_equals_stream")) &&
                    json_is_true(json_object_get(verdict, "batch_equals_truth")) &&
                    json_is_true(json_object_get(verdict, "stream_equals_truth"));
        if (result.verdict != CLAIM_FAILS) result.verdict = same ? CLAIM_HOLDS : CLAIM_FAILS;
        result.why[0] = 0;
    }
    json_decref(lab);
    return result;
}

static int judge(struct report *r, const struct claim *c, struct claim_result *out, struct err_text *error)
{
    struct trials all = {0};
    int rc = 0;
    if (c->kind == CLAIM_SAME_WAREHOUSE) {
        *out = lab_judge(r);
        return 0;
    }
    if (c->experiment) rc = trials_load(&all, r->dir, c->experiment, error);
    if (rc < 0) return rc;
    *out = claim_judge(c, &all);
    if (c->kind == CLAIM_NOT_HERE) snprintf(out->why, sizeof out->why, "%s", c->why);
    trials_release(&all);
    return 0;
}

/* Where the page has it: the figure, or the section when there is nothing to draw. */
static void put_link(struct report *r, const struct claim *c)
{
    char wanted[96];
    snprintf(wanted, sizeof wanted, "<figure id=%s>", c->figure ? c->figure : "");
    bool drawn = c->figure && strstr(buf_cstr(&r->body), wanted);
    snprintf(wanted, sizeof wanted, "<h2 id=%s>", c->experiment ? c->experiment : "");
    bool section = c->experiment && strstr(buf_cstr(&r->body), wanted);
    if (drawn || section)
        buf_printf(&r->claims, "<td><a href=#%s>%s</a>", drawn ? c->figure : c->experiment, c->experiment);
    else
        buf_printf(&r->claims, "<td>%s", c->experiment ? c->experiment : "&ndash;");
}

static void put_number(struct buf *b, double value)
{
    buf_printf(b, value >= 1e4 ? "%.0f" : "%.3g", value);
}

/* "1.2 times [1.18, 1.22], 3 and 3 trials". */
static void put_interval(struct buf *b, const struct claim *c, const struct claim_result *v)
{
    const char *unit = claim_unit(c);
    put_number(b, v->value.value);
    buf_printf(b, "%s%s [", unit[0] ? "&nbsp;" : "", unit);
    put_number(b, v->value.low);
    buf_append_str(b, ",&nbsp;");
    put_number(b, v->value.high);
    buf_printf(b, "], %d", v->trials[0]);
    if (c->b) buf_printf(b, " and %d", v->trials[1]);
    buf_append_str(b, v->trials[0] == 1 && !c->b ? " trial" : " trials");
}

/* What was measured, why that decides nothing, and the rule. */
static void put_measured(struct buf *b, const struct claim *c, const struct claim_result *v)
{
    struct buf rule = {0};
    claim_rule(c, &rule);
    if (v->value.n > 0) {
        put_interval(b, c, v);
        buf_append_str(b, "<br>");
    }
    buf_append_str(b, "<span class=note>");
    if (v->why[0] && c->kind != CLAIM_NOT_HERE) {
        report_html(b, v->why);
        if (v->verdict == CLAIM_OPEN) buf_append_str(b, ".<br>");
    }
    if (v->verdict != CLAIM_NOT_MEASURED || !v->why[0] || c->kind == CLAIM_NOT_HERE) report_html(b, buf_cstr(&rule));
    buf_append_str(b, "</span>");
    buf_release(&rule);
}

static void put_row(struct report *r, const struct claim *c, const struct claim_result *v)
{
    static const char *const classes[] = {"good", "bad", "open", "note"};
    struct buf *b = &r->claims;
    buf_append_str(b, "<tr><td>");
    report_html(b, c->text);
    buf_append_str(b, "<br><span class=note>");
    report_html(b, c->source);
    buf_printf(b, "</span><td class=%s>%s<td>", classes[v->verdict], words[v->verdict]);
    put_measured(b, c, v);
    put_link(r, c);
    buf_append_str(b, "</tr>\n");
}

/* "holds          acks-0-throughput" and under it what was measured, as wide as the terminal. */
static void put_line(struct report *r, const struct claim *c, const struct claim_result *v)
{
    struct buf measured = {0};
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    put_measured(&measured, c, v);
    fprintf(to, "%-14s %s%s", words[v->verdict], c->id, c->experiment ? ", " : "");
    fprintf(to, "%s\n", c->experiment ? c->experiment : "");
    terminal_put(to, c->text, r->columns, 15);
    terminal_put(to, buf_cstr(&measured), r->columns, 15);
    fclose(to);
    buf_append(&r->verdicts, text, n);
    free(text);
    buf_release(&measured);
}

static json_t *result_json(const struct claim *c, const struct claim_result *v)
{
    struct buf rule = {0};
    claim_rule(c, &rule);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s, s:s}", "id", c->id, "claim", c->text, "source",
                             c->source, "experiment", c->experiment, "figure", c->figure, "rule", buf_cstr(&rule),
                             "verdict", words[v->verdict]);
    if (v->value.n > 0)
        json_object_update_new(json, json_pack("{s:i, s:f, s:f, s:f}", "n", v->value.n, "value", v->value.value, "low",
                                               v->value.low, "high", v->value.high));
    if (v->why[0]) json_object_set_new(json, "why", json_string(v->why));
    buf_release(&rule);
    return json;
}

int report_claims(struct report *r, struct err_text *error)
{
    int counts[CLAIM_NOT_MEASURED + 1] = {0}, rc = 0;
    char path[PATH_MAX + 16];
    json_t *list = json_array();
    for (const struct claim *c = claims(); c->id && rc == 0; c++) {
        struct claim_result v = {.verdict = CLAIM_NOT_MEASURED};
        rc = judge(r, c, &v, error);
        if (rc < 0) break;
        counts[v.verdict]++;
        put_row(r, c, &v);
        if (r->columns > 0) put_line(r, c, &v);
        json_array_append_new(list, result_json(c, &v));
    }
    buf_printf(&r->claims_summary, "Of what is claimed, %d hold here, %d do not, %d are open, %d were not measured.",
               counts[CLAIM_HOLDS], counts[CLAIM_FAILS], counts[CLAIM_OPEN], counts[CLAIM_NOT_MEASURED]);
    snprintf(path, sizeof path, "%s/claims.json", r->dir);
    if (rc == 0) return results_write_json(path, list, error);
    json_decref(list);
    return rc;
}
