#include "workloads/ecommerce/message.h"

#include <string.h>

#include "workloads/out_file.h"
#include "workloads/out_time.h"

static const struct {
    const char *name;
    char prefix[3]; /* of its ids */
} kinds[MESSAGE_KINDS] = {
    [MESSAGE_ITEM_ADDED] = {"item_added_to_cart", "ia"},
    [MESSAGE_ITEM_REMOVED] = {"item_removed_from_cart", "ir"},
    [MESSAGE_ORDER_PLACED] = {"order_placed", "op"},
    [MESSAGE_PAYMENT_CAPTURED] = {"payment_captured", "pc"},
    [MESSAGE_PAYMENT_FAILED] = {"payment_failed", "pf"},
    [MESSAGE_PAYMENT_REFUNDED] = {"payment_refunded", "pr"},
    [MESSAGE_ORDER_CANCELLED] = {"order_cancelled", "oc"},
    [MESSAGE_PARCEL_SHIPPED] = {"parcel_shipped", "ps"},
    [MESSAGE_PARCEL_DELIVERED] = {"parcel_delivered", "pd"},
    [MESSAGE_PAYMENT] = {"payments", "pm"},
    [MESSAGE_SHIPMENT] = {"shipments", "sh"},
};

/* A literal, whose length the compiler knows. */
#define PUT(b, literal) buf_append(b, literal, sizeof(literal) - 1)

const char *message_kind_name(int kind)
{
    return kinds[kind].name;
}

const char *payment_status_name(int status)
{
    static const char *const names[] = {"captured", "failed", "refunded"};
    return names[status];
}

const char *payment_method_name(int method)
{
    static const char *const names[] = {"card", "paypal", "bank_transfer", "gift_card"};
    return names[method];
}

/* "pm000000001" */
static void put_id(struct buf *b, int kind, uint64_t number)
{
    buf_append_byte(b, '"');
    buf_append(b, kinds[kind].prefix, 2);
    out_padded(b, number, 9);
    buf_append_byte(b, '"');
}

/* 2.55, 3.0 and 2.125 as 2.55, 3.00 and 2.125: two decimals, or the third when there is one. */
static void put_amount(struct buf *b, int64_t thousandths)
{
    uint64_t value = (uint64_t)(thousandths < 0 ? -thousandths : thousandths);
    if (thousandths < 0) buf_append_byte(b, '-');
    out_number(b, value / 1000);
    buf_append_byte(b, '.');
    if (value % 10)
        out_padded(b, value % 1000, 3);
    else
        out_padded(b, value % 1000 / 10, 2);
}

static void put_instant(struct buf *b, const struct message *m)
{
    static const char *const wrong[] = {"yesterday", "2010-02-30T10:00:00Z", "0000-00-00T00:00:00Z",
                                        "10/12/2010 10:00"};
    buf_append_byte(b, '"');
    if (m->flaw == FLAW_TIME) {
        buf_append_str(b, wrong[m->number % 4]);
    } else if (m->kind == MESSAGE_SHIPMENT) { /* the carrier has its own clock */
        out_date(b, (m->at + 3600) / 86400);
        buf_append_byte(b, 'T');
        out_clock(b, m->at + 3600);
        PUT(b, "+01:00");
    } else {
        out_stampz(b, m->at);
    }
    buf_append_byte(b, '"');
}

static void put_order(struct buf *b, const struct message *m)
{
    PUT(b, ",\"order\":");
    if (m->flaw == FLAW_NO_REFERENCE) {
        PUT(b, "null");
        return;
    }
    buf_append_byte(b, '"');
    out_number(b, m->flaw == FLAW_ORPHAN ? UINT64_C(900000000000) + m->number : m->order);
    buf_append_byte(b, '"');
}

static void put_customer(struct buf *b, const struct message *m)
{
    PUT(b, ",\"customer\":");
    if (m->customer < 0)
        PUT(b, "null");
    else
        out_number(b, (uint64_t)(CATALOGUE_FIRST_CUSTOMER + m->customer));
}

static void put_country(struct buf *b, const struct message *m)
{
    PUT(b, "\"country\":\"");
    buf_append_str(b, catalogue_country(m->country));
    if (m->flaw == FLAW_BYTES) buf_append_byte(b, 0xe9);
    buf_append_byte(b, '"');
}

static void put_cart(struct buf *b, const struct message *m, bool may_miss)
{
    PUT(b, ",\"cart\":");
    if (may_miss && m->flaw == FLAW_NO_REFERENCE) {
        PUT(b, "null");
        return;
    }
    PUT(b, "\"k");
    out_padded(b, m->cart, 9);
    buf_append_byte(b, '"');
}

static void put_item(struct buf *b, const struct message *m, const struct catalogue *c)
{
    put_cart(b, m, true);
    put_customer(b, m);
    PUT(b, ",\"product\":\"");
    buf_append_str(b, c->products[m->product].code);
    if (m->flaw == FLAW_BYTES) buf_append_byte(b, 0xe9);
    PUT(b, "\",\"quantity\":");
    if (m->flaw == FLAW_AMOUNT)
        PUT(b, "\"a few\"");
    else
        out_number(b, (uint64_t)m->quantity);
    if (m->kind == MESSAGE_ITEM_REMOVED) return;
    PUT(b, ",\"price\":");
    put_amount(b, m->amount);
}

static void put_placed(struct buf *b, const struct message *m)
{
    put_order(b, m);
    put_cart(b, m, false);
    put_customer(b, m);
    buf_append_byte(b, ',');
    put_country(b, m);
    PUT(b, ",\"total\":");
    if (m->flaw == FLAW_AMOUNT)
        PUT(b, "\"n/a\"");
    else
        put_amount(b, m->amount);
}

static void put_reason(struct buf *b, const struct message *m)
{
    static const char *const failed[] = {"card_declined", "insufficient_funds", "expired_card", "do_not_honor"};
    static const char *const cancelled[] = {"returned", "payment_failed"};
    PUT(b, ",\"reason\":\"");
    buf_append_str(b, m->kind == MESSAGE_ORDER_CANCELLED ? cancelled[m->reason] : failed[m->reason]);
    if (m->flaw == FLAW_BYTES) buf_append_byte(b, 0xe9);
    buf_append_byte(b, '"');
}

static void put_payment_event(struct buf *b, const struct message *m)
{
    put_order(b, m);
    PUT(b, ",\"payment\":");
    put_id(b, MESSAGE_PAYMENT, m->reference);
    PUT(b, ",\"amount\":");
    if (m->flaw == FLAW_AMOUNT)
        PUT(b, "\"12,50 EUR\"");
    else
        put_amount(b, m->amount);
    if (m->kind == MESSAGE_PAYMENT_FAILED) put_reason(b, m);
}

static void put_cancelled(struct buf *b, const struct message *m)
{
    put_order(b, m);
    PUT(b, ",\"credit_note\":");
    if (m->reference)
        buf_printf(b, "\"C%llu\"", (unsigned long long)m->reference);
    else
        PUT(b, "null");
    put_reason(b, m);
}

static void put_parcel(struct buf *b, const struct message *m)
{
    put_order(b, m);
    PUT(b, ",\"shipment\":");
    put_id(b, MESSAGE_SHIPMENT, m->reference);
}

static void put_payment(struct buf *b, const struct message *m)
{
    put_order(b, m);
    put_customer(b, m);
    PUT(b, ",\"created\":");
    put_instant(b, m);
    PUT(b, ",\"status\":\"");
    buf_append_str(b, payment_status_name(m->status));
    PUT(b, "\",\"method\":\"");
    buf_append_str(b, payment_method_name(m->method));
    if (m->flaw == FLAW_BYTES) buf_append_byte(b, 0xe9);
    PUT(b, "\",\"card\":");
    if (m->method == METHOD_CARD) {
        PUT(b, "\"4");
        out_padded(b, m->card / 10000 % 100000, 5);
        PUT(b, "******");
        out_padded(b, m->card % 10000, 4);
        buf_append_byte(b, '"');
    } else {
        PUT(b, "null");
    }
    PUT(b, ",\"amount\":{\"value\":\"");
    if (m->flaw == FLAW_AMOUNT)
        PUT(b, "12,50");
    else
        put_amount(b, m->amount);
    PUT(b, "\",\"currency\":\"GBP\"}");
}

static void put_shipment(struct buf *b, const struct message *m)
{
    static const char *const carriers[] = {"DHL", "UPS", "Royal Mail", "Poste Italiane"};
    put_order(b, m);
    PUT(b, ",\"shipped\":");
    put_instant(b, m);
    PUT(b, ",\"carrier\":\"");
    buf_append_str(b, carriers[m->reason]);
    PUT(b, "\",\"parcels\":");
    if (m->flaw == FLAW_AMOUNT)
        PUT(b, "\"two\"");
    else
        out_number(b, (uint64_t)m->quantity);
    PUT(b, ",\"address\":{");
    put_country(b, m);
    buf_append_byte(b, '}');
}

static void put_head(struct buf *b, const struct message *m)
{
    if (m->kind == MESSAGE_PAYMENT || m->kind == MESSAGE_SHIPMENT) {
        PUT(b, "{\"id\":");
        put_id(b, m->kind, m->number);
        return;
    }
    PUT(b, "{\"event\":\"");
    buf_append_str(b, kinds[m->kind].name);
    PUT(b, "\",\"id\":");
    put_id(b, m->kind, m->number);
    PUT(b, ",\"at\":");
    put_instant(b, m);
}

void message_write(struct buf *b, const struct message *m, const struct catalogue *c)
{
    size_t from = b->n;
    put_head(b, m);
    switch ((enum message_kind)m->kind) {
    case MESSAGE_ITEM_ADDED:
    case MESSAGE_ITEM_REMOVED: put_item(b, m, c); break;
    case MESSAGE_ORDER_PLACED: put_placed(b, m); break;
    case MESSAGE_PAYMENT_CAPTURED:
    case MESSAGE_PAYMENT_FAILED:
    case MESSAGE_PAYMENT_REFUNDED: put_payment_event(b, m); break;
    case MESSAGE_ORDER_CANCELLED: put_cancelled(b, m); break;
    case MESSAGE_PARCEL_SHIPPED:
    case MESSAGE_PARCEL_DELIVERED: put_parcel(b, m); break;
    case MESSAGE_PAYMENT: put_payment(b, m); break;
    case MESSAGE_SHIPMENT: put_shipment(b, m); break;
    case MESSAGE_KINDS: break;
    }
    buf_append_byte(b, '}');
    if (m->flaw == FLAW_MALFORMED) b->n = from + (b->n - from) * 2 / 3;
    buf_append_byte(b, '\n');
}
