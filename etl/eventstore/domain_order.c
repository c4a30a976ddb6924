/* domain_order.c - an order, from its placing to the door.
 *
 *     {"status":"paid","total_cents":1530,"paid_cents":1530}
 *
 *     new --OrderPlaced--> placed --OrderPaid--> paid --OrderShipped--> shipped --OrderDelivered--> delivered
 *                             |       (in full)   |
 *                             +--OrderCancelled---+--> cancelled
 *
 * PaymentRefunded comes at any time, of what was paid; PaymentFailed of an order that is placed, and changes nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "etl/eventstore/fold.h"

static json_t *start(const struct es_fold *f)
{
    (void)f;
    return json_pack("{s:s, s:i, s:i}", "status", "new", "total_cents", 0, "paid_cents", 0);
}

static bool is(const json_t *state, const char *status)
{
    return strcmp(es_text(state, "status"), status) == 0;
}

/* A payment makes a placed order a paid one, a refund takes that back. */
static bool paid_apply(json_t *state, int64_t change)
{
    int64_t paid;
    if (__builtin_add_overflow(es_number(state, "paid_cents"), change, &paid)) return false;
    es_set_number(state, "paid_cents", paid);
    if (is(state, "placed") || is(state, "paid"))
        es_set_text(state, "status", paid >= es_number(state, "total_cents") ? "paid" : "placed");
    return true;
}

static bool apply(const struct es_fold *f, json_t *state, const struct es_event *e)
{
    (void)f;
    int64_t amount;
    if (es_is(e, "OrderPaid")) return es_amount(e, "amount_cents", 1, &amount) && paid_apply(state, amount);
    if (es_is(e, "PaymentRefunded")) return es_amount(e, "amount_cents", 1, &amount) && paid_apply(state, -amount);
    if (es_is(e, "OrderPlaced")) {
        if (!es_amount(e, "total_cents", 0, &amount)) return false;
        es_set_number(state, "total_cents", amount);
        es_set_text(state, "status", "placed");
    } else if (es_is(e, "OrderShipped")) {
        es_set_text(state, "status", "shipped");
    } else if (es_is(e, "OrderDelivered")) {
        es_set_text(state, "status", "delivered");
    } else if (es_is(e, "OrderCancelled")) {
        es_set_text(state, "status", "cancelled");
    } else if (!es_is(e, "PaymentFailed")) { /* which changes nothing */
        return false;
    }
    return true;
}

static const char *payment_wrong(const json_t *state, const struct es_event *e)
{
    int64_t amount;
    if (!es_amount(e, "amount_cents", 1, &amount)) return "amount_cents must be a whole number from 1";
    if (es_is(e, "PaymentRefunded"))
        return amount <= es_number(state, "paid_cents") ? NULL : "more would be refunded than was paid";
    if (!is(state, "placed")) return "only an order that is placed and not yet paid in full can be paid";
    return amount <= es_number(state, "total_cents") - es_number(state, "paid_cents")
               ? NULL
               : "more would be paid than the order's total";
}

static const char *wrong_of(const json_t *state, const struct es_event *e)
{
    int64_t amount;
    if (es_is(e, "OrderPlaced")) {
        if (!is(state, "new")) return "the order is placed already";
        return es_amount(e, "total_cents", 0, &amount) ? NULL : "total_cents must be a whole number from 0";
    }
    if (is(state, "new")) return "the order is not placed";
    if (es_is(e, "OrderPaid") || es_is(e, "PaymentRefunded")) return payment_wrong(state, e);
    if (es_is(e, "PaymentFailed"))
        return is(state, "placed") ? NULL : "only of an order that is placed a payment can fail";
    if (es_is(e, "OrderShipped")) return is(state, "paid") ? NULL : "only an order that is paid in full can be shipped";
    if (es_is(e, "OrderDelivered"))
        return is(state, "shipped") ? NULL : "only an order that is shipped can be delivered";
    if (es_is(e, "OrderCancelled"))
        return is(state, "placed") || is(state, "paid") ? NULL
                                                        : "an order that is shipped or cancelled cannot be cancelled";
    return "an order knows no event of this type";
}

static bool allows(const struct es_fold *f, const json_t *state, const struct es_event *e, char *why, size_t size)
{
    (void)f;
    const char *wrong = wrong_of(state, e);
    if (wrong) snprintf(why, size, "%s", wrong);
    return !wrong;
}

static const char *contrary(const struct es_fold *f, const json_t *state, const struct es_event *e, json_t **data)
{
    (void)f, (void)state;
    int64_t amount;
    *data = json_object();
    if (es_is(e, "OrderPlaced")) return "OrderCancelled";
    if (!es_amount(e, "amount_cents", 1, &amount)) return NULL;
    es_set_number(*data, "amount_cents", amount);
    if (es_is(e, "OrderPaid")) return "PaymentRefunded";
    return es_is(e, "PaymentRefunded") ? "OrderPaid" : NULL;
}

static const char *const columns[] = {"status", "total_cents", "paid_cents", NULL};
static const struct es_view view = {.columns = columns};

const struct es_fold es_fold_order = {.name = "order",
                                      .version = 1,
                                      .start = start,
                                      .apply = apply,
                                      .allows = allows,
                                      .contrary = contrary,
                                      .view = &view};
