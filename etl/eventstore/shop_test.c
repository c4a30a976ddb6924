#include "etl/eventstore/shop.h"

#include "tests/unit.h"

/* The appends of a message, a line each; or what is wrong. */
static const char *events_of(const char *message)
{
    static char text[1024];
    struct err_text error = {""};
    json_t *out[ES_SHOP_EVENTS_MAX], *m = json_loads(message, 0, NULL);
    int count = es_shop_events(m, out, &error);
    size_t n = (size_t)snprintf(text, sizeof text, "%s", error.text);
    for (int i = 0; i < count; i++) {
        char *one = json_dumps(out[i], JSON_COMPACT | JSON_SORT_KEYS);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s\n", one);
        free(one);
        json_decref(out[i]);
    }
    json_decref(m);
    return text;
}

TEST(es_shop, a_message_is_an_event_and_money_is_cents)
{
    check_str(events_of("{\"event\":\"item_added_to_cart\",\"id\":\"i\",\"at\":\"2010-12-01T08:01:33Z\",\"cart\":\"k\","
                        "\"customer\":null,\"product\":\"a\",\"quantity\":2,\"price\":0.29}"),
              "{\"data\":{\"price_cents\":29,\"product\":\"a\",\"quantity\":2},\"id\":\"i\",\"stream\":\"cart-k\","
              "\"timestamp\":\"2010-12-01T08:01:33Z\",\"type\":\"ItemAdded\"}\n");
    check_str(
        events_of(
            "{\"event\":\"payment_captured\",\"id\":\"p\",\"at\":\"t\",\"order\":\"5\",\"payment\":\"m\",\"amount\":"
            "114271.61}"),
        "{\"data\":{\"amount_cents\":11427161,\"payment\":\"m\"},\"id\":\"p\",\"stream\":\"order-5\",\"timestamp\":"
        "\"t\","
        "\"type\":\"OrderPaid\"}\n");
}

TEST(es_shop, an_order_checks_its_cart_out)
{
    check_str(
        events_of("{\"event\":\"order_placed\",\"id\":\"o\",\"at\":\"t\",\"order\":\"5\",\"cart\":\"k\",\"total\":10}"),
        "{\"data\":{\"cart\":\"k\",\"total_cents\":1000},\"id\":\"o\",\"stream\":\"order-5\",\"timestamp\":\"t\","
        "\"type\":\"OrderPlaced\"}\n"
        "{\"causation\":\"o\",\"data\":{\"order\":\"5\"},\"id\":\"o-cart\",\"stream\":\"cart-k\",\"timestamp\":\"t\","
        "\"type\":\"CheckedOut\"}\n");
}

TEST(es_shop, what_is_no_event_says_why)
{
    check_str(events_of("{\"event\":\"item_dreamt\"}"), "\"event\" names none of the shop's messages");
    check_str(events_of("{\"event\":\"parcel_shipped\",\"id\":\"s\",\"at\":\"t\",\"order\":null}"),
              "\"order\" is no text");
    check_str(events_of("{\"event\":\"order_placed\",\"id\":\"o\",\"at\":\"t\",\"order\":\"5\",\"total\":\"n/a\"}"),
              "\"total\" is no amount of whole cents");
    check_str(events_of("{\"event\":\"order_placed\",\"id\":\"o\",\"at\":\"t\",\"order\":\"5\",\"total\":1.005}"),
              "\"total\" is no amount of whole cents");
}
