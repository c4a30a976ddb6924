/* shop_truth.h - the answers about the whole shop (DIR/ground_truth/shop), counted while its files are made.
 *
 *     shop_truth_init -> (sale, receipt_end, message, cart, order, fraud)* per day, day_end -> finish -> release
 *
 * Each record of each feed (a set of files that a source of shop.json reads) is counted once, under why it is
 * rejected, or as accepted. Figures of a day are written when the day ends; what is known by product, country or
 * method is kept in counters. Orders wait in a ring, because a later credit note may still change them; messages are
 * made on the day of their order at the latest, so the days ahead are a ring too. */
#ifndef MILLRACE_WORKLOADS_ECOMMERCE_SHOP_TRUTH_H
#define MILLRACE_WORKLOADS_ECOMMERCE_SHOP_TRUTH_H

#include "workloads/ecommerce/message.h"
#include "workloads/ecommerce/order_truth.h"

enum channel { CHANNEL_WEB, CHANNEL_EU, CHANNEL_US, CHANNELS };

/* The kinds of messages come first and have the same numbers. */
enum feed {
    FEED_ORDERS = MESSAGE_KINDS, /* + channel: the order lines of the web shop and the branches */
    FEED_CUSTOMERS = FEED_ORDERS + CHANNELS,
    FEED_LEGACY_CUSTOMERS,
    FEED_NATIONS,
    FEED_PRODUCTS,
    FEED_INVENTORY,
    FEEDS,
};

enum verdict {
    VERDICT_ACCEPTED,
    VERDICT_FORMAT,
    VERDICT_DUPLICATE,
    VERDICT_BAD_DATE,
    VERDICT_CANCELLATION,
    VERDICT_NON_SALE_INVOICE,
    VERDICT_QUANTITY,
    VERDICT_PRICE,
    VERDICT_NO_REFERENCE,
    VERDICT_BAD_AMOUNT,
    VERDICTS,
};

enum { SHOP_DAYS_AHEAD = 64, SHOP_ORDERS_OPEN = 256, SHOP_LINES_KEPT = 4 };

struct kept_line {
    int product;
    int64_t quantity, price_thousandths;
};

/* What became of an order of the web shop, as accepted records tell it. */
struct web_order {
    uint64_t number;
    int64_t day;
    int customer, country;
    uint64_t lines; /* accepted ones; without any the order does not count */
    int64_t value;
    uint64_t attempts, captured;
    int64_t paid, refunded;
    uint64_t shipments, delivered;
    bool is_cancelled;
    /* The generator's own knowledge. */
    bool is_paid, is_fraud, has_note;
    int64_t shipped_at;
    int lines_kept;
    struct kept_line line[SHOP_LINES_KEPT];
};

struct cart_day {
    uint64_t carts, ordered, paid, shipped, delivered;
};

struct shop_truth {
    const struct catalogue *catalogue;
    uint64_t count[FEEDS][VERDICTS];
    uint64_t orphans[MESSAGE_KINDS];
    struct tally day[CHANNELS];
    struct tally country[CATALOGUE_COUNTRIES][CHANNELS], category[CATALOGUE_CATEGORIES + 1][CHANNELS];
    struct tally product[CATALOGUE_PRODUCTS];
    int64_t sold[CATALOGUE_PRODUCTS], returned[CATALOGUE_PRODUCTS]; /* accepted lines and cancellations */
    int64_t moved[CATALOGUE_PRODUCTS];                              /* what really left the warehouse */
    bool unlisted[CATALOGUE_PRODUCTS];                              /* not in the catalogue */
    /* As accepted rows of the database tell it; nobody is GENDERS. */
    uint8_t gender[CATALOGUE_CUSTOMERS], legacy_gender[CATALOGUE_LEGACY_CUSTOMERS];
    struct tally by_gender[GENDERS + 1][CHANNELS];
    uint64_t method[PAYMENT_METHODS][PAYMENT_STATUSES];
    int64_t method_amount[PAYMENT_METHODS][PAYMENT_STATUSES];
    uint64_t messages[SHOP_DAYS_AHEAD][MESSAGE_KINDS]; /* by day modulo */
    int64_t day_now, last_day;
    struct cart_day carts;
    struct web_order order[SHOP_ORDERS_OPEN];
    uint64_t orders, orders_counted, orders_not_settled, fraud_cases;
    struct out_file by_day, order_states, funnel, fraud, by_message;
};

void shop_truth_init(struct shop_truth *t, const struct catalogue *c, struct disk *disk, struct err_text *why);
void shop_truth_release(struct shop_truth *t);

/* One order line as it was written; `sale->product` < 0 for what is no article of the shop. */
void shop_truth_line(struct shop_truth *t, enum channel channel, enum verdict verdict, const struct sale *sale);
/* The end of an invoice of `channel`, `lines` of which were accepted. */
void shop_truth_receipt_end(struct shop_truth *t, enum channel channel, uint64_t lines);
/* One message, with its flaw; true when it is accepted and its order is the one it says. */
bool shop_truth_message(struct shop_truth *t, const struct message *m);
void shop_truth_message_again(struct shop_truth *t, const struct message *m);
/* A new order of the web shop takes the place of the oldest open one, which is written. */
struct web_order *shop_truth_order_new(struct shop_truth *t);
void shop_truth_fraud(struct shop_truth *t, int customer, int64_t hour, uint64_t attempts, uint64_t cards,
                      uint64_t captured, int64_t amount);
/* `day` is over: nothing will be made that happened on it or before. */
void shop_truth_day_end(struct shop_truth *t, int64_t day);
/* Writes the rest. The counts of the static feeds must be there. */
int shop_truth_finish(struct shop_truth *t, struct disk *disk, struct err_text *why);

#endif
