#include "workloads/dirt.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/bytes.h"
#include "lib/base/text.h"

enum { PART = 1024 };

int dirt_rates_add(struct dirt_rates *rates, const char *text, struct err_text *error)
{
    const char *equals = strchr(text, '=');
    size_t name = equals ? (size_t)(equals - text) : 0;
    int64_t rate;
    int at = 0;
    if (name == 0 || name >= sizeof rates->set[0].name) return err_set(error, ERR_RANGE, "%s is not KIND=RATE", text);
    if (!text_to_decimal(slice_str(equals + 1), 6, &rate) || rate < 0 || rate > DIRT_ALWAYS)
        return err_set(error, ERR_RANGE, "%s: a rate is a number from 0 to 1 with at most 6 decimals", text);
    while (at < rates->count && (strlen(rates->set[at].name) != name || memcmp(rates->set[at].name, text, name) != 0))
        at++;
    if (at == DIRT_RATES_MAX) return err_set(error, ERR_RANGE, "at most %d kinds", DIRT_RATES_MAX);
    if (at == rates->count) rates->count++;
    snprintf(rates->set[at].name, sizeof rates->set[at].name, "%.*s", (int)name, text);
    rates->set[at].rate = (uint32_t)rate;
    return 0;
}

static int unknown(const char *name, const struct dirt_kind *kinds, int count, struct err_text *error)
{
    struct buf list = {0};
    for (int i = 0; i < count; i++) buf_printf(&list, "%s%s", i ? ", " : "", kinds[i].name);
    int rc = err_set(error, ERR_NOTFOUND, "there is no dirt of kind \"%s\" here; there is: %s", name,
                     count ? buf_cstr(&list) : "none");
    buf_release(&list);
    return rc;
}

int dirt_rates_resolve(const struct dirt_rates *rates, const struct dirt_kind *kinds, int count, uint32_t *out,
                       struct err_text *error)
{
    for (int i = 0; i < count; i++) out[i] = kinds[i].rate;
    for (int k = 0; k < rates->count; k++) {
        int i = 0;
        while (i < count && strcmp(kinds[i].name, rates->set[k].name) != 0) i++;
        if (i == count) return unknown(rates->set[k].name, kinds, count, error);
        out[i] = rates->set[k].rate;
    }
    return 0;
}

void dirt_init(struct dirt_due *d, struct random *r, uint32_t rate, uint64_t expected)
{
    assert(rate <= DIRT_ALWAYS);
    *d = (struct dirt_due){.never = rate == 0};
    if (rate == 0) return;
    d->interval = (uint64_t)PART * DIRT_ALWAYS / rate;
    /* The first third of the input, so that it happens however small the input is. */
    uint64_t within = expected / 3 < d->interval / PART - 1 ? expected / 3 : d->interval / PART - 1;
    d->next = PART * random_below(r, within + 1);
}

bool dirt_take(struct dirt_due *d, struct random *r)
{
    if (d->never || PART * d->seen++ < d->next) return false;
    /* From 1 to twice the interval minus 1: the interval on average, and exactly 1 where it is 1. */
    d->next += PART + random_below(r, 2 * (d->interval - PART) + 1);
    return true;
}
