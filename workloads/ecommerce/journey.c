/* journey.c - the life of an order of the web shop, as messages.
 *
 *     cart filled (up to 90 minutes before) -> order placed -> payment: 1 to 3 attempts, within minutes
 *       -> parcel shipped (next days) -> delivered;  all attempts failed -> order cancelled;  goods returned -> refund
 *
 * Everything is decided when the order is made; the agenda writes it when its time has come. Fraud: `card_testing`, a
 * tiny order tried with card after card; `many_cards`, an ordinary one for which the sixth to twelfth card works. A
 * fraudster's attempts lie within one hour of the clock, and nobody else uses more than two cards in an hour. */
#include "workloads/ecommerce/shop.h"

#include <string.h>

enum { CART_LEAD_S = 5400, ITEMS_MAX = 96 };

void journeys_init(struct journeys *j, struct shop *s, uint64_t expected_messages)
{
    memset(j, 0, sizeof *j);
    j->shop = s;
    shop_random(&j->random, s, 2);
    shop_due_init(&j->carts, s, &j->random, expected_messages);
    shop_due_init(&j->orders, s, &j->random, expected_messages / 6);
    /* Frauds are counted in orders, of which there are few. */
    dirt_init(&j->orders.kind[DIRT_CARD_TESTING], &j->random, s->rate[DIRT_CARD_TESTING], expected_messages / 40);
    dirt_init(&j->orders.kind[DIRT_MANY_CARDS], &j->random, s->rate[DIRT_MANY_CARDS], expected_messages / 40);
}

/* --- one message --- */

static bool can_have_bytes(int kind)
{
    return kind != MESSAGE_PAYMENT_CAPTURED && kind != MESSAGE_PAYMENT_REFUNDED && kind != MESSAGE_PARCEL_SHIPPED &&
           kind != MESSAGE_PARCEL_DELIVERED;
}

static bool can_have_amount(int kind)
{
    return kind != MESSAGE_ORDER_CANCELLED && kind != MESSAGE_PARCEL_SHIPPED && kind != MESSAGE_PARCEL_DELIVERED;
}

static bool can_be_orphan(int kind)
{
    return kind >= MESSAGE_PAYMENT_CAPTURED;
}

static enum message_flaw flaw_draw(struct shop_due *due, int kind)
{
    if (shop_due(due, DIRT_MESSAGE_MALFORMED)) return FLAW_MALFORMED;
    if (shop_due(due, DIRT_MESSAGE_BAD_TIME)) return FLAW_TIME;
    if (shop_due(due, DIRT_MESSAGE_NO_REFERENCE)) return FLAW_NO_REFERENCE;
    if (can_have_bytes(kind) && shop_due(due, DIRT_MESSAGE_BAD_BYTES)) return FLAW_BYTES;
    if (can_have_amount(kind) && shop_due(due, DIRT_MESSAGE_BAD_AMOUNT)) return FLAW_AMOUNT;
    if (can_be_orphan(kind) && shop_due(due, DIRT_MESSAGE_ORPHAN)) return FLAW_ORPHAN;
    return FLAW_NONE;
}

/* True when a reader accepts it and finds its order. */
static bool put(struct journeys *j, struct message m)
{
    struct shop_due *due = m.kind < MESSAGE_ORDER_PLACED ? &j->carts : &j->orders;
    bool fraud = j->fraud != DIRT_COUNT && m.kind >= MESSAGE_ORDER_PLACED;
    m.number = ++j->number[m.kind];
    m.flaw = fraud ? FLAW_NONE : (uint8_t)flaw_draw(due, m.kind);
    m.arrival = m.at + (int64_t)random_below(&j->random, 4);
    bool counts = shop_truth_message(&j->shop->truth, &m);
    j->accepted[m.kind] += counts;
    if (!fraud && shop_due(due, DIRT_MESSAGE_LATE)) m.arrival += 600 + (int64_t)random_below(&j->random, 36 * 3600);
    agenda_put(&j->shop->agenda, m);
    if (m.flaw == FLAW_NONE && !fraud && shop_due(due, DIRT_MESSAGE_TWICE)) {
        m.arrival += 1 + (int64_t)random_below(&j->random, 2 * 3600);
        shop_truth_message_again(&j->shop->truth, &m);
        agenda_put(&j->shop->agenda, m);
    }
    return counts;
}

static struct message about(const struct journeys *j, int kind, int64_t at)
{
    const struct web_order *o = j->order;
    return (struct message){.kind = (uint8_t)kind,
                            .at = at,
                            .order = o->number,
                            .cart = j->cart,
                            .customer = o->customer,
                            .country = (uint8_t)o->country};
}

/* --- carts --- */

/* An item that is thought better of, now and then. True when the addition is accepted. */
static bool regret(struct journeys *j, int customer, int64_t at)
{
    const struct catalogue *c = &j->shop->catalogue;
    struct message m = {.kind = MESSAGE_ITEM_ADDED, .at = at, .cart = j->cart, .customer = customer, .quantity = 1};
    m.product = popularity_draw(&c->product_popularity, &j->random);
    m.amount = c->products[m.product].price_thousandths;
    bool added = put(j, m);
    m.kind = MESSAGE_ITEM_REMOVED;
    m.at += 5 + (int64_t)random_below(&j->random, 60);
    put(j, m);
    return added;
}

static bool fill_cart(struct journeys *j)
{
    int64_t span = j->items * 40 < CART_LEAD_S ? j->items * 40 : CART_LEAD_S;
    bool any = false;
    for (int i = 0; i < j->items; i++) {
        struct message m = about(j, MESSAGE_ITEM_ADDED, j->placed - span + span * i / j->items);
        m.product = j->item[i].product;
        m.quantity = j->item[i].quantity;
        m.amount = j->item[i].price;
        any |= put(j, m);
        if (random_chance(&j->random, 1, 30)) any |= regret(j, m.customer, m.at + 1);
    }
    return any;
}

void journey_abandoned(struct journeys *j, int customer, int64_t at)
{
    const struct catalogue *c = &j->shop->catalogue;
    bool any = false;
    j->cart++;
    j->fraud = DIRT_COUNT;
    for (uint64_t n = 1 + random_below(&j->random, 9); n > 0; n--) {
        struct message m = {.kind = MESSAGE_ITEM_ADDED, .at = at, .cart = j->cart, .customer = customer};
        m.product = popularity_draw(&c->product_popularity, &j->random);
        m.quantity = (int32_t)shop_quantity_draw(&j->random);
        m.amount = c->products[m.product].price_thousandths;
        any |= put(j, m);
        at += 10 + (int64_t)random_below(&j->random, 120);
        if (random_chance(&j->random, 1, 12)) any |= regret(j, customer, at);
    }
    j->shop->truth.carts.carts += any;
}

/* --- payments --- */

/* A card of somebody's: who signed in has two. */
static uint32_t own_card(const struct journeys *j, uint64_t which)
{
    uint64_t owner = j->order->customer >= 0 ? (uint64_t)j->order->customer : 1000000 + j->order->number;
    return (uint32_t)((owner * 2 + which) * 2654435761u % 1000000000u);
}

/* One attempt: the payment provider's record and the shop's event. True when a reader sees it paid by the event. */
static bool attempt(struct journeys *j, int64_t at, int method, uint32_t card, bool works)
{
    struct web_order *o = j->order;
    struct message m = about(j, MESSAGE_PAYMENT, at);
    m.method = (uint8_t)method;
    m.card = card;
    m.status = works ? PAYMENT_CAPTURED : PAYMENT_FAILED;
    m.amount = j->total;
    m.reason = (uint8_t)random_below(&j->random, 4);
    if (put(j, m)) {
        o->attempts++;
        o->captured += works;
        o->paid += works ? m.amount : 0;
    }
    m.reference = j->number[MESSAGE_PAYMENT];
    m.kind = works ? MESSAGE_PAYMENT_CAPTURED : MESSAGE_PAYMENT_FAILED;
    m.at++;
    return put(j, m) && works;
}

/* Attempts until one works or patience ends. */
static bool pay(struct journeys *j)
{
    uint64_t draw = random_below(&j->random, 100), failing = random_below(&j->random, 1000);
    int method = draw < 70 ? METHOD_CARD : draw < 88 ? METHOD_PAYPAL : draw < 97 ? METHOD_TRANSFER : METHOD_GIFT_CARD;
    int failures = failing < 15 ? 3 : failing < 30 ? 2 : failing < 90 ? 1 : 0;
    int64_t at = j->placed;
    bool seen = false;
    if (method != METHOD_CARD && failures < 3) failures = 0;
    for (int i = 0; i <= failures && i < 3; i++) {
        at += 20 + (int64_t)random_below(&j->random, 70);
        j->order->is_paid = i == failures;
        seen |= attempt(j, at, method, own_card(j, (uint64_t)i / 2), i == failures);
    }
    return seen;
}

/* All attempts lie within one hour of the clock. */
static bool pay_fraud(struct journeys *j)
{
    uint64_t cards = j->fraud == DIRT_CARD_TESTING ? 8 + random_below(&j->random, 18) : 6 + random_below(&j->random, 7);
    bool works = j->fraud == DIRT_MANY_CARDS || random_chance(&j->random, 1, 3);
    uint32_t first = (uint32_t)random_below(&j->random, 900000000);
    int64_t at = j->placed + 20;
    bool seen = false;
    if (at % 3600 > 2400) at += 3600 - at % 3600;
    int64_t hour = at / 3600;
    for (uint64_t i = 0; i < cards; i++, at += 5 + (int64_t)random_below(&j->random, 30)) {
        j->order->is_paid = works && i + 1 == cards;
        seen |= attempt(j, at, METHOD_CARD, first + (uint32_t)i * 7919, j->order->is_paid);
    }
    shop_truth_fraud(&j->shop->truth, j->order->customer, hour, cards, cards, works, works ? j->total : 0);
    return seen;
}

/* --- parcels --- */

static bool ship(struct journeys *j, bool *delivered)
{
    struct web_order *o = j->order;
    if (random_chance(&j->random, 1, 50)) return false; /* out of stock */
    int64_t day = o->day + 1 + (int64_t)random_below(&j->random, 3);
    int64_t at = day * 86400 + 14 * 3600 + (int64_t)random_below(&j->random, 3 * 3600);
    struct message m = about(j, MESSAGE_SHIPMENT, at);
    m.reason = (uint8_t)random_below(&j->random, 4);
    m.quantity = 1 + j->items / 10;
    o->shipped_at = at;
    o->shipments += put(j, m);
    m.reference = j->number[MESSAGE_SHIPMENT];
    m.kind = MESSAGE_PARCEL_SHIPPED;
    m.at += 60 + (int64_t)random_below(&j->random, 600);
    bool shipped = put(j, m);
    if (random_chance(&j->random, 1, 33)) return shipped; /* lost on the way */
    m.kind = MESSAGE_PARCEL_DELIVERED;
    m.at += 86400 * (1 + (int64_t)random_below(&j->random, 4)) - (int64_t)random_below(&j->random, 6 * 3600);
    *delivered = put(j, m);
    o->delivered += *delivered;
    return shipped;
}

static void cancel(struct journeys *j, uint64_t note, int64_t at, int reason)
{
    struct message m = about(j, MESSAGE_ORDER_CANCELLED, at);
    m.reference = note;
    m.reason = (uint8_t)reason;
    if (put(j, m)) j->order->is_cancelled = true;
}

/* --- orders --- */

enum shop_dirt journey_fraud(struct journeys *j, int *customer)
{
    enum shop_dirt kind = shop_due(&j->orders, DIRT_CARD_TESTING) ? DIRT_CARD_TESTING
                          : shop_due(&j->orders, DIRT_MANY_CARDS) ? DIRT_MANY_CARDS
                                                                  : DIRT_COUNT;
    if (kind != DIRT_COUNT) *customer = CATALOGUE_CUSTOMERS - 1 - (int)(j->fraudsters++ % CATALOGUE_FRAUDSTERS);
    return kind;
}

void journey_begin(struct journeys *j, uint64_t number, const struct sale *sale, enum shop_dirt fraud)
{
    j->order = shop_truth_order_new(&j->shop->truth);
    *j->order = (struct web_order){.number = number,
                                   .day = sale->day,
                                   .customer = sale->customer,
                                   .country = sale->country,
                                   .is_fraud = fraud != DIRT_COUNT};
    j->placed = sale->day * 86400 + sale->second + (int64_t)random_below(&j->random, 60);
    j->items = 0;
    j->total = 0;
    j->fraud = fraud;
    j->cart++;
    memset(j->accepted, 0, sizeof j->accepted);
}

void journey_line(struct journeys *j, const struct sale *sale, int64_t asked_quantity, int64_t asked_price)
{
    struct web_order *o = j->order;
    if (j->items < ITEMS_MAX) {
        j->item[j->items].product = sale->product;
        j->item[j->items].quantity = (int)asked_quantity;
        j->item[j->items++].price = asked_price;
    }
    j->total += asked_quantity * asked_price;
    if (sale->bucket != BUCKET_VALID) return;
    o->lines++;
    o->value += sale->quantity * sale->price_thousandths;
    if (o->lines_kept < SHOP_LINES_KEPT)
        o->line[o->lines_kept++] = (struct kept_line){sale->product, sale->quantity, sale->price_thousandths};
}

void journey_end(struct journeys *j)
{
    struct cart_day *today = &j->shop->truth.carts;
    bool delivered = false;
    bool cart = fill_cart(j);
    struct message m = about(j, MESSAGE_ORDER_PLACED, j->placed);
    m.amount = j->total;
    bool ordered = put(j, m) && cart;
    bool paid = (j->fraud == DIRT_COUNT ? pay(j) : pay_fraud(j)) && ordered;
    bool shipped = j->order->is_paid && ship(j, &delivered) && paid;
    if (!j->order->is_paid) cancel(j, 0, j->placed + 3600, 1);
    today->carts += cart;
    today->ordered += ordered;
    today->paid += paid;
    today->shipped += shipped;
    today->delivered += delivered && shipped;
    /* Nobody finds an order of which every line was rejected. */
    for (int kind = 0; j->order->lines == 0 && kind < MESSAGE_KINDS; kind++)
        j->shop->truth.orphans[kind] += j->accepted[kind];
}

void journey_return(struct journeys *j, struct web_order *order, uint64_t note, int64_t at, int64_t amount)
{
    j->order = order;
    j->fraud = DIRT_COUNT;
    at += (int64_t)random_below(&j->random, 60);
    cancel(j, note, at, 0);
    struct message m = about(j, MESSAGE_PAYMENT, at + 30);
    m.status = PAYMENT_REFUNDED;
    m.method = METHOD_CARD;
    m.card = own_card(j, 0);
    m.amount = amount;
    if (put(j, m)) order->refunded += amount;
    m.reference = j->number[MESSAGE_PAYMENT];
    m.kind = MESSAGE_PAYMENT_REFUNDED;
    m.at++;
    put(j, m);
}
