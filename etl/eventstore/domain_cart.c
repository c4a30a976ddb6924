/* domain_cart.c - a shopping cart.
 *
 *     {"status":"open","items":{"85123A":{"quantity":6,"price_cents":255}},"total_cents":1530}
 *
 *     ItemAdded, ItemRemoved, QuantityChanged        open  --CheckedOut-->  checked_out  --CartReopened-->  open */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "etl/eventstore/fold.h"

static json_t *start(const struct es_fold *f)
{
    (void)f;
    return json_pack("{s:s, s:{}, s:i}", "status", "open", "items", "total_cents", 0);
}

/* A product that jansson can have as a key; NULL: the data has none. */
static const char *product_of(const struct es_event *e)
{
    const json_t *product = json_object_get(e->data, "product");
    const char *text = json_string_value(product);
    return text && *text && strlen(text) == json_string_length(product) ? text : NULL;
}

static json_t *item_of(const json_t *state, const struct es_event *e)
{
    const char *product = product_of(e);
    return product ? json_object_get(json_object_get(state, "items"), product) : NULL;
}

static int64_t worth(const json_t *item)
{
    int64_t value;
    return __builtin_mul_overflow(es_number(item, "quantity"), es_number(item, "price_cents"), &value) ? 0 : value;
}

/* Sets what there is of a product; 0: it goes. */
static bool item_set(json_t *state, const char *product, int64_t quantity, int64_t price)
{
    json_t *items = json_object_get(state, "items"), *item = json_object_get(items, product);
    int64_t total, value;
    if (__builtin_mul_overflow(quantity, price, &value) ||
        __builtin_add_overflow(es_number(state, "total_cents") - worth(item), value, &total))
        return false;
    es_set_number(state, "total_cents", total);
    if (quantity == 0)
        json_object_del(items, product);
    else
        json_object_set_new(
            items, product,
            json_pack("{s:I, s:I}", "quantity", (json_int_t)quantity, "price_cents", (json_int_t)price));
    return true;
}

/* How much an ItemRemoved takes away; false: its data do not say. */
static bool removed(const struct es_event *e, const json_t *item, int64_t *out)
{
    *out = es_number(item, "quantity");
    return !json_object_get(e->data, "quantity") || es_amount(e, "quantity", 1, out);
}

static bool item_apply(json_t *state, const struct es_event *e)
{
    const char *product = product_of(e);
    json_t *item = item_of(state, e);
    int64_t quantity, price, there = es_number(item, "quantity");
    if (!product) return false;
    if (es_is(e, "ItemAdded"))
        return es_amount(e, "quantity", 1, &quantity) && es_amount(e, "price_cents", 0, &price) &&
               item_set(state, product, there + quantity, price);
    price = es_number(item, "price_cents");
    if (es_is(e, "ItemRemoved"))
        return removed(e, item, &quantity) && item_set(state, product, quantity < there ? there - quantity : 0, price);
    if (!es_is(e, "QuantityChanged") || !es_amount(e, "quantity", 1, &quantity)) return false;
    return !item || item_set(state, product, quantity, price);
}

static bool apply(const struct es_fold *f, json_t *state, const struct es_event *e)
{
    (void)f;
    if (es_is(e, "CheckedOut"))
        es_set_text(state, "status", "checked_out");
    else if (es_is(e, "CartReopened"))
        es_set_text(state, "status", "open");
    else
        return item_apply(state, e);
    return true;
}

/* ---- rules ---- */

static const char *item_wrong(const json_t *state, const struct es_event *e, char *why, size_t size)
{
    const json_t *item = item_of(state, e);
    const char *product = product_of(e);
    int64_t quantity, price;
    if (!product) return "there is no product in the data";
    if (es_is(e, "ItemAdded")) {
        if (!es_amount(e, "quantity", 1, &quantity)) return "the quantity must be a whole number from 1";
        return es_amount(e, "price_cents", 0, &price) ? NULL : "price_cents must be a whole number from 0";
    }
    if (!item) {
        snprintf(why, size, "there is no %s in the cart", product);
        return why;
    }
    if (es_is(e, "QuantityChanged"))
        return es_amount(e, "quantity", 1, &quantity) ? NULL : "the quantity must be a whole number from 1";
    if (!removed(e, item, &quantity)) return "the quantity must be a whole number from 1";
    if (quantity <= es_number(item, "quantity")) return NULL;
    snprintf(why, size, "there are only %" PRId64 " of %s in the cart", es_number(item, "quantity"), product);
    return why;
}

static bool allows(const struct es_fold *f, const json_t *state, const struct es_event *e, char *why, size_t size)
{
    (void)f;
    const char *wrong = NULL;
    bool open = strcmp(es_text(state, "status"), "open") == 0;
    if (es_is(e, "CartReopened"))
        wrong = open ? "the cart is open" : NULL;
    else if (!es_is(e, "CheckedOut") && !es_is(e, "ItemAdded") && !es_is(e, "ItemRemoved") &&
             !es_is(e, "QuantityChanged"))
        wrong = "a cart knows no event of this type";
    else if (!open)
        wrong = "the cart is checked out";
    else if (es_is(e, "CheckedOut"))
        wrong = json_object_size(json_object_get(state, "items")) ? NULL : "the cart is empty";
    else
        wrong = item_wrong(state, e, why, size);
    if (wrong && wrong != why) snprintf(why, size, "%s", wrong);
    return !wrong;
}

/* ---- the contrary ---- */

static const char *contrary(const struct es_fold *f, const json_t *state, const struct es_event *e, json_t **data)
{
    (void)f;
    const char *product = product_of(e);
    const json_t *item = item_of(state, e);
    int64_t quantity = 0;
    *data = json_object();
    if (es_is(e, "CheckedOut")) return "CartReopened";
    if (es_is(e, "CartReopened")) return "CheckedOut";
    if (!product) return NULL;
    es_set_text(*data, "product", product);
    if (es_is(e, "ItemAdded") && es_amount(e, "quantity", 1, &quantity)) {
        es_set_number(*data, "quantity", quantity);
        return "ItemRemoved";
    }
    if (!item || !removed(e, item, &quantity)) return NULL;
    if (es_is(e, "ItemRemoved")) {
        int64_t there = es_number(item, "quantity");
        es_set_number(*data, "quantity", quantity < there ? quantity : there);
        es_set_number(*data, "price_cents", es_number(item, "price_cents"));
        return "ItemAdded";
    }
    es_set_number(*data, "quantity", es_number(item, "quantity"));
    return es_is(e, "QuantityChanged") ? "QuantityChanged" : NULL;
}

static const char *const columns[] = {"status", "total_cents", NULL};
static const char *const item_columns[] = {"quantity", "price_cents", NULL};
static const struct es_view view = {columns, "items", "product", item_columns};

const struct es_fold es_fold_cart = {.name = "cart",
                                     .version = 1,
                                     .start = start,
                                     .apply = apply,
                                     .allows = allows,
                                     .contrary = contrary,
                                     .view = &view};
