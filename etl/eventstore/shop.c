#include "etl/eventstore/shop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STREAM_SIZE = 128 };

const char *const ES_SHOP_FILES[] = {
    "item_added_to_cart", "item_removed_from_cart", "order_placed",   "payment_captured", "payment_failed",
    "payment_refunded",   "order_cancelled",        "parcel_shipped", "parcel_delivered", NULL};

/* What becomes of the members of a message: kept as they are, or money into cents. */
static const struct kind {
    const char *event, *type, *stream; /* "cart": of which member, and the stream's first word */
    const char *kept[4];
    const char *money, *cents; /* NULL: there is none */
} kinds[] = {
    {"item_added_to_cart", "ItemAdded", "cart", {"product", "quantity", "customer"}, "price", "price_cents"},
    {"item_removed_from_cart", "ItemRemoved", "cart", {"product", "quantity", "customer"}, NULL, NULL},
    {"order_placed", "OrderPlaced", "order", {"cart", "customer", "country"}, "total", "total_cents"},
    {"payment_captured", "OrderPaid", "order", {"payment"}, "amount", "amount_cents"},
    {"payment_failed", "PaymentFailed", "order", {"payment", "reason"}, "amount", "amount_cents"},
    {"payment_refunded", "PaymentRefunded", "order", {"payment"}, "amount", "amount_cents"},
    {"order_cancelled", "OrderCancelled", "order", {"reason", "credit_note"}, NULL, NULL},
    {"parcel_shipped", "OrderShipped", "order", {"shipment"}, NULL, NULL},
    {"parcel_delivered", "OrderDelivered", "order", {"shipment"}, NULL, NULL},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const struct kind *kind_of(const json_t *message)
{
    const char *event = json_string_value(json_object_get(message, "event"));
    for (int i = 0; event && i < KINDS; i++)
        if (strcmp(kinds[i].event, event) == 0) return &kinds[i];
    return NULL;
}

static int text_of(const json_t *message, const char *key, const char **out, struct err_text *error)
{
    *out = json_string_value(json_object_get(message, key));
    return *out && **out ? 0 : err_set(error, ERR_INVALID, "\"%s\" is no text", key);
}

/* A price has two digits behind the point, which a double holds exactly enough: the nearest cent is the one. */
static int cents_put(json_t *data, const json_t *message, const struct kind *k, struct err_text *error)
{
    const json_t *money = json_object_get(message, k->money);
    double cents = json_number_value(money) * 100;
    if (!json_is_number(money) || !(fabs(cents) < 1e12) || fabs(cents - round(cents)) > 1e-3)
        return err_set(error, ERR_INVALID, "\"%s\" is no amount of whole cents", k->money);
    json_object_set_new(data, k->cents, json_integer((json_int_t)llround(cents)));
    return 0;
}

static int append_make(const json_t *message, const struct kind *k, json_t **out, struct err_text *error)
{
    const char *of, *id, *at;
    char stream[STREAM_SIZE];
    json_t *data = json_object();
    int result = text_of(message, k->stream, &of, error);
    if (result == 0) result = text_of(message, "id", &id, error);
    if (result == 0) result = text_of(message, "at", &at, error);
    if (result == 0 && k->money) result = cents_put(data, message, k, error);
    if (result != 0) {
        json_decref(data);
        return result;
    }
    for (int i = 0; i < 4 && k->kept[i]; i++) {
        json_t *value = json_object_get(message, k->kept[i]);
        if (value && !json_is_null(value)) json_object_set(data, k->kept[i], value);
    }
    snprintf(stream, sizeof stream, "%s-%s", k->stream, of);
    *out = json_pack("{s:s, s:s, s:s, s:s, s:o}", "stream", stream, "type", k->type, "id", id, "timestamp", at, "data",
                     data);
    return *out ? 0 : err_set(error, ERR_INVALID, "a text is not UTF-8");
}

/* The cart of an order that was placed. */
static json_t *checked_out(const json_t *order, const json_t *message)
{
    const char *cart = json_string_value(json_object_get(message, "cart"));
    const char *id = json_string_value(json_object_get(order, "id"));
    char stream[STREAM_SIZE], own[STREAM_SIZE];
    if (!cart || !*cart) return NULL;
    snprintf(stream, sizeof stream, "cart-%s", cart);
    snprintf(own, sizeof own, "%s-cart", id);
    return json_pack("{s:s, s:s, s:s, s:O, s:s, s:{s:O}}", "stream", stream, "type", "CheckedOut", "id", own,
                     "timestamp", json_object_get(order, "timestamp"), "causation", id, "data", "order",
                     json_object_get(message, "order"));
}

int es_shop_events(const json_t *message, json_t *out[ES_SHOP_EVENTS_MAX], struct err_text *error)
{
    const struct kind *k = kind_of(message);
    if (!k) return err_set(error, ERR_INVALID, "\"event\" names none of the shop's messages");
    int result = append_make(message, k, &out[0], error);
    if (result != 0) return result;
    out[1] = strcmp(k->type, "OrderPlaced") == 0 ? checked_out(out[0], message) : NULL;
    return out[1] ? 2 : 1;
}
