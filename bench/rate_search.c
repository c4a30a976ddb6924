#include "bench/rate_search.h"

#include <math.h>
#include <stdio.h>

enum { DECIDE = 2 }; /* trials of three */

/* 1: sustained, 0: not, or negative. `strict`: only a valid trial may say yes. */
static int sustained(const struct rate_search *s, int64_t rate, bool strict, struct rate_answer *answer)
{
    struct rate_seen seen;
    int yes = 0, no = 0, again = 0;
    while (no < DECIDE && yes < DECIDE && !(yes > 0 && no == 0)) {
        int rc = s->trial(s->context, rate, &seen);
        if (rc < 0) return rc;
        bool counts = !seen.why_void[0] || (seen.kept && !strict);
        if (!counts && again++ < RATE_SEARCH_AGAIN_MAX && !s->over(s->context)) continue;
        if (!counts && !answer->doubt[0]) snprintf(answer->doubt, sizeof answer->doubt, "%s", seen.why_void);
        if (!counts || s->over(s->context)) return seen.kept;
        yes += seen.kept;
        no += !seen.kept;
    }
    return yes > no;
}

static bool over(const struct rate_search *s)
{
    return s->over(s->context);
}

/* The rates between which the answer lies: answer->rate, sustained or 0, and `high`. */
static int bracket(const struct rate_search *s, struct rate_answer *answer, int64_t *high)
{
    int rc = 1;
    for (int64_t rate = s->first; rate >= s->least && rate <= s->most && !over(s);) {
        rc = sustained(s, rate, false, answer);
        if (rc < 0) return rc;
        *(rc == 1 ? &answer->rate : high) = rate;
        if (answer->rate > 0 && *high > 0) break;
        rate = rc == 1 ? rate * 2 : rate / 2;
    }
    if (*high == 0) *high = answer->rate * 2; /* beyond what is asked for */
    return 0;
}

static int bisect(const struct rate_search *s, struct rate_answer *answer, int64_t high)
{
    while (answer->rate > 0 && (double)high > (double)answer->rate * s->precision && !over(s)) {
        int64_t middle = (int64_t)sqrt((double)answer->rate * (double)high);
        int rc = sustained(s, middle, false, answer);
        if (rc < 0) return rc;
        *(rc == 1 ? &answer->rate : &high) = middle;
    }
    return 0;
}

static int confirm(const struct rate_search *s, struct rate_answer *answer)
{
    while (answer->rate > 0 && !answer->confirmed && !over(s)) {
        int rc = 1, times = 0;
        for (; times < RATE_SEARCH_CONFIRMATIONS && rc == 1 && !over(s); times += rc == 1)
            rc = sustained(s, answer->rate, true, answer);
        if (rc < 0) return rc;
        answer->confirmed = times == RATE_SEARCH_CONFIRMATIONS;
        if (rc == 0) answer->rate = answer->rate * 9 / 10;
    }
    return 0;
}

int rate_search(const struct rate_search *s, struct rate_answer *answer)
{
    int64_t high = 0;
    *answer = (struct rate_answer){0};
    int rc = bracket(s, answer, &high);
    if (rc == 0) rc = bisect(s, answer, high);
    if (rc == 0) rc = confirm(s, answer);
    return rc;
}
