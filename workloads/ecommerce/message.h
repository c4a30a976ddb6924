/* message.h - what the shop's services tell each other and export: one JSON object a line.
 *
 *     {"event":"item_added_to_cart","id":"ia000000007","at":"2010-12-01T08:21:07Z","cart":"k000000001","customer":17850,
 *      "product":"85123A","quantity":6,"price":2.55}
 *     {"event":"order_placed","id":...,"at":...,"order":"536365","cart":...,"customer":17850,"country":"France","total":139.12}
 *     {"event":"payment_captured","id":...,"at":...,"order":"536365","payment":"pm000000001","amount":139.12}
 *     {"event":"payment_failed",..., "reason":"card_declined"}      {"event":"payment_refunded",...}
 *     {"event":"order_cancelled","id":...,"at":...,"order":"536365","credit_note":"C536401","reason":"returned"}
 *     {"event":"parcel_shipped","id":...,"at":...,"order":"536365","shipment":"sh000000001"}
 * {"event":"parcel_delivered",...}
 *     {"id":"pm000000001","order":"536365","customer":17850,"created":"2010-12-01T08:26:31Z","status":"captured",
 *      "method":"card","card":"407123******0815","amount":{"value":"139.12","currency":"GBP"}}            payments
 *     {"id":"sh000000001","order":"536365","shipped":"2010-12-02T16:20:00+01:00","carrier":"DHL","parcels":2,
 *      "address":{"country":"France"}}                                                                      shipments
 *
 * A customer is null for who did not sign in. */
#ifndef MILLRACE_WORKLOADS_ECOMMERCE_MESSAGE_H
#define MILLRACE_WORKLOADS_ECOMMERCE_MESSAGE_H

#include "workloads/ecommerce/catalogue.h"

enum message_kind {
    MESSAGE_ITEM_ADDED,
    MESSAGE_ITEM_REMOVED,
    MESSAGE_ORDER_PLACED,
    MESSAGE_PAYMENT_CAPTURED,
    MESSAGE_PAYMENT_FAILED,
    MESSAGE_PAYMENT_REFUNDED,
    MESSAGE_ORDER_CANCELLED,
    MESSAGE_PARCEL_SHIPPED,
    MESSAGE_PARCEL_DELIVERED,
    MESSAGE_PAYMENT,
    MESSAGE_SHIPMENT,
    MESSAGE_KINDS,
};

enum message_flaw {
    FLAW_NONE,
    FLAW_MALFORMED, /* cut off in the middle */
    FLAW_BYTES,     /* a byte that is not UTF-8 */
    FLAW_TIME,
    FLAW_NO_REFERENCE, /* an order (or cart) that is null */
    FLAW_AMOUNT,       /* an amount (or quantity) that is no number */
    FLAW_ORPHAN,       /* an order that nobody placed */
};

enum payment_status { PAYMENT_CAPTURED, PAYMENT_FAILED, PAYMENT_REFUNDED, PAYMENT_STATUSES };
enum payment_method { METHOD_CARD, METHOD_PAYPAL, METHOD_TRANSFER, METHOD_GIFT_CARD, PAYMENT_METHODS };

struct message {
    int64_t arrival;                 /* seconds since 1970: when it is written */
    int64_t at;                      /* when it happened */
    uint64_t put;                    /* the agenda's: the order of those that arrive at once */
    uint64_t number;                 /* of its id, by kind from 1 */
    int64_t amount;                  /* thousandths: a price, a total, a payment */
    uint64_t order, cart, reference; /* reference: of the payment, shipment or credit note */
    uint32_t card;
    int32_t customer; /* -1: none */
    int32_t product;
    int32_t quantity; /* or parcels */
    uint8_t kind, flaw, status, method, country, reason;
};

const char *message_kind_name(int kind); /* also of its files */
const char *payment_status_name(int status);
const char *payment_method_name(int method);
/* Appends the line with its newline. */
void message_write(struct buf *b, const struct message *m, const struct catalogue *c);

#endif
