/* domain_account.c - a bank account.
 *
 *     {"status":"open","owner":"Anna","balance_cents":5000}
 *
 *     new --AccountOpened--> open (MoneyDeposited, MoneyWithdrawn: never below zero) --AccountClosed--> closed */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "etl/eventstore/fold.h"

static json_t *start(const struct es_fold *f)
{
    (void)f;
    return json_pack("{s:s, s:s, s:i}", "status", "new", "owner", "", "balance_cents", 0);
}

static bool is(const json_t *state, const char *status)
{
    return strcmp(es_text(state, "status"), status) == 0;
}

static bool apply(const struct es_fold *f, json_t *state, const struct es_event *e)
{
    (void)f;
    int64_t amount, balance;
    if (es_is(e, "AccountOpened")) {
        const json_t *owner = json_object_get(e->data, "owner");
        if (json_is_string(owner)) json_object_set_new(state, "owner", json_deep_copy(owner));
        es_set_text(state, "status", "open");
        return true;
    }
    if (es_is(e, "AccountClosed")) {
        es_set_text(state, "status", "closed");
        return true;
    }
    if ((!es_is(e, "MoneyDeposited") && !es_is(e, "MoneyWithdrawn")) || !es_amount(e, "amount_cents", 1, &amount))
        return false;
    if (es_is(e, "MoneyWithdrawn")) amount = -amount;
    if (__builtin_add_overflow(es_number(state, "balance_cents"), amount, &balance)) return false;
    es_set_number(state, "balance_cents", balance);
    return true;
}

static bool allows(const struct es_fold *f, const json_t *state, const struct es_event *e, char *why, size_t size)
{
    (void)f;
    int64_t amount = 0, balance = es_number(state, "balance_cents");
    bool money = es_is(e, "MoneyDeposited") || es_is(e, "MoneyWithdrawn");
    *why = 0;
    if (!money && !es_is(e, "AccountOpened") && !es_is(e, "AccountClosed"))
        snprintf(why, size, "an account knows no event of this type");
    else if (is(state, "closed"))
        snprintf(why, size, "the account is closed");
    else if (es_is(e, "AccountOpened") != is(state, "new"))
        snprintf(why, size, "the account is %s", is(state, "new") ? "not open" : "open already");
    else if (money && !es_amount(e, "amount_cents", 1, &amount))
        snprintf(why, size, "amount_cents must be a whole number from 1");
    else if (es_is(e, "MoneyWithdrawn") && amount > balance)
        snprintf(why, size, "the balance is %" PRId64 " cents: no overdraft", balance);
    else if (es_is(e, "AccountClosed") && balance != 0)
        snprintf(why, size, "the balance is %" PRId64 " cents: only an empty account can be closed", balance);
    return !*why;
}

static const char *contrary(const struct es_fold *f, const json_t *state, const struct es_event *e, json_t **data)
{
    (void)f, (void)state;
    int64_t amount;
    *data = json_object();
    if (!es_amount(e, "amount_cents", 1, &amount)) return NULL;
    es_set_number(*data, "amount_cents", amount);
    if (es_is(e, "MoneyDeposited")) return "MoneyWithdrawn";
    return es_is(e, "MoneyWithdrawn") ? "MoneyDeposited" : NULL;
}

static const char *const columns[] = {"status", "owner", "balance_cents", NULL};
static const struct es_view view = {.columns = columns};

const struct es_fold es_fold_account = {.name = "account",
                                        .version = 1,
                                        .start = start,
                                        .apply = apply,
                                        .allows = allows,
                                        .contrary = contrary,
                                        .view = &view};
