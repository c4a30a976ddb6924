#include "etl/eventstore/fold.h"
#include "etl/eventstore/without.h"

#include "tests/unit.h"

/* Applies TYPE with `data` if the rules allow it; what they say otherwise. */
static const char *happen(const struct es_fold *f, json_t *state, const char *type, json_t *data)
{
    static char why[256];
    struct es_event e = {.id = SLICE_LIT("e"), .type = slice_str(type), .data = data, .schema = 1};
    bool allowed = f->allows(f, state, &e, why, sizeof why);
    if (allowed) check(f->apply(f, state, &e));
    json_decref(data);
    return allowed ? "fine" : why;
}

static json_t *item(const char *product, int quantity, int price)
{
    return json_pack("{s:s, s:i, s:i}", "product", product, "quantity", quantity, "price_cents", price);
}

static void state_is(const json_t *state, const char *expected)
{
    char *text = json_dumps(state, JSON_COMPACT | JSON_SORT_KEYS);
    check_str(text, expected);
    free(text);
}

TEST(es_domain, cart)
{
    const struct es_fold *f = &es_fold_cart;
    json_t *s = f->start(f);
    check_str(happen(f, s, "CheckedOut", json_object()), "the cart is empty");
    check_str(happen(f, s, "ItemAdded", item("a", 6, 255)), "fine");
    check_str(happen(f, s, "ItemAdded", item("b", 1, 100)), "fine");
    check_str(happen(f, s, "ItemAdded", item("b", 0, 100)), "the quantity must be a whole number from 1");
    check_str(happen(f, s, "ItemRemoved", item("c", 1, 0)), "there is no c in the cart");
    check_str(happen(f, s, "ItemRemoved", item("a", 7, 0)), "there are only 6 of a in the cart");
    check_str(happen(f, s, "ItemRemoved", item("a", 2, 0)), "fine");
    check_str(happen(f, s, "QuantityChanged", item("b", 3, 0)), "fine");
    state_is(s, "{\"items\":{\"a\":{\"price_cents\":255,\"quantity\":4},\"b\":{\"price_cents\":100,\"quantity\":3}},"
                "\"status\":\"open\",\"total_cents\":1320}");
    check_str(happen(f, s, "ItemRemoved", json_pack("{s:s}", "product", "a")), "fine");
    check_str(happen(f, s, "CheckedOut", json_object()), "fine");
    check_str(happen(f, s, "ItemAdded", item("a", 1, 1)), "the cart is checked out");
    check_str(happen(f, s, "ItemDreamt", json_object()), "a cart knows no event of this type");
    check_str(happen(f, s, "CartReopened", json_object()), "fine");
    state_is(s, "{\"items\":{\"b\":{\"price_cents\":100,\"quantity\":3}},\"status\":\"open\",\"total_cents\":300}");
    json_decref(s);
}

static json_t *amount(const char *key, int value)
{
    return json_pack("{s:i}", key, value);
}

TEST(es_domain, order)
{
    const struct es_fold *f = &es_fold_order;
    json_t *s = f->start(f);
    check_str(happen(f, s, "OrderPaid", amount("amount_cents", 5)), "the order is not placed");
    check_str(happen(f, s, "OrderPlaced", amount("total_cents", 100)), "fine");
    check_str(happen(f, s, "OrderPlaced", amount("total_cents", 100)), "the order is placed already");
    check_str(happen(f, s, "OrderPaid", amount("amount_cents", 60)), "fine");
    check_str(happen(f, s, "OrderShipped", json_object()), "only an order that is paid in full can be shipped");
    check_str(happen(f, s, "OrderPaid", amount("amount_cents", 60)), "more would be paid than the order's total");
    check_str(happen(f, s, "OrderPaid", amount("amount_cents", 40)), "fine");
    check_str(happen(f, s, "OrderShipped", json_object()), "fine");
    check_str(happen(f, s, "OrderCancelled", json_object()),
              "an order that is shipped or cancelled cannot be cancelled");
    check_str(happen(f, s, "OrderDelivered", json_object()), "fine");
    check_str(happen(f, s, "PaymentRefunded", amount("amount_cents", 101)), "more would be refunded than was paid");
    check_str(happen(f, s, "PaymentRefunded", amount("amount_cents", 100)), "fine");
    state_is(s, "{\"paid_cents\":0,\"status\":\"delivered\",\"total_cents\":100}");
    json_decref(s);
}

TEST(es_domain, account)
{
    const struct es_fold *f = &es_fold_account;
    json_t *s = f->start(f);
    check_str(happen(f, s, "MoneyDeposited", amount("amount_cents", 5)), "the account is not open");
    check_str(happen(f, s, "AccountOpened", json_pack("{s:s}", "owner", "Anna")), "fine");
    check_str(happen(f, s, "AccountOpened", json_object()), "the account is open already");
    check_str(happen(f, s, "MoneyDeposited", amount("amount_cents", 500)), "fine");
    check_str(happen(f, s, "MoneyWithdrawn", amount("amount_cents", 501)), "the balance is 500 cents: no overdraft");
    check_str(happen(f, s, "AccountClosed", json_object()),
              "the balance is 500 cents: only an empty account can be closed");
    check_str(happen(f, s, "MoneyWithdrawn", amount("amount_cents", 500)), "fine");
    check_str(happen(f, s, "AccountClosed", json_object()), "fine");
    check_str(happen(f, s, "MoneyDeposited", amount("amount_cents", 1)), "the account is closed");
    state_is(s, "{\"balance_cents\":0,\"owner\":\"Anna\",\"status\":\"closed\"}");
    json_decref(s);
}

/* An event and its contrary leave the state as it was. */
TEST(es_domain, the_contrary_takes_it_back)
{
    const struct es_fold *f = &es_fold_cart;
    json_t *s = f->start(f), *data = item("a", 3, 50), *before, *back = NULL;
    struct es_event e = {.id = SLICE_LIT("e"), .type = SLICE_LIT("ItemAdded"), .data = data, .schema = 1};
    f->apply(f, s, &e);
    const char *const types[] = {"ItemAdded", "ItemRemoved", "QuantityChanged", "CheckedOut"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        before = json_deep_copy(s);
        e.type = slice_str(types[i]);
        e.data = data;
        const char *type = f->contrary(f, before, &e, &back);
        check(type != NULL);
        f->apply(f, s, &e);
        e.type = slice_str(type);
        e.data = back;
        f->apply(f, s, &e);
        check(json_equal(s, before));
        json_decref(before);
        json_decref(back);
    }
    json_decref(data);
    json_decref(s);
}

TEST(es_domain, of_the_streams_name)
{
    check(es_fold_of(SLICE_LIT("cart-17")) == &es_fold_cart);
    check(es_fold_of(SLICE_LIT("cart")) == NULL);
    check(es_fold_of(SLICE_LIT("cartoon-1")) == NULL);
    check(es_fold_named("account") == &es_fold_account);
    check(es_fold_named("basket") == NULL);
}

TEST(es_domain, differences_name_their_path)
{
    json_t *a = json_pack("{s:i, s:{s:i, s:i}, s:s}", "n", 1, "items", "x", 2, "y", 3, "same", "s");
    json_t *b = json_pack("{s:i, s:{s:i, s:i}, s:s}", "n", 2, "items", "x", 2, "z", 4, "same", "s");
    json_t *out = json_array();
    es_difference(a, b, "", out);
    state_is(out, "[{\"path\":\"n\",\"with\":1,\"without\":2},{\"path\":\"items.y\",\"with\":3},"
                  "{\"path\":\"items.z\",\"without\":4}]");
    json_decref(a);
    json_decref(b);
    json_decref(out);
}
