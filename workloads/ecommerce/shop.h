/* shop.h - the parts of the ecommerce workload, and what they share.
 *
 *     shop.c       days, one after the other; opens and ends all of it
 *       orders.c   order lines of the web shop, a CSV file per day     -> order_truth, shop_truth
 *       branch.c   order lines of two branches, in their own dialects  -> shop_truth
 *       journey.c  an order's cart, payments and parcel                -> agenda -> a file per kind of message and
 * month records.c  shop.db, catalogue.xml, inventory.json              -> shop_truth
 *
 * Every part has random numbers of its own, so that more dirt in one leaves the others as they are. */
#ifndef MILLRACE_WORKLOADS_ECOMMERCE_SHOP_H
#define MILLRACE_WORKLOADS_ECOMMERCE_SHOP_H

#include "workloads/ecommerce/agenda.h"
#include "workloads/ecommerce/shop_truth.h"
#include "workloads/generate.h"

enum shop_dirt {
    /* invoices of the web shop */
    DIRT_REPLAY,
    DIRT_CANCELLATION,
    DIRT_ADJUSTMENT,
    DIRT_WRITE_OFF,
    DIRT_FLOAT_ID,
    DIRT_NO_CUSTOMER,
    DIRT_INVOICE_KINDS,
    /* order lines */
    DIRT_REPEAT = DIRT_INVOICE_KINDS,
    DIRT_ZERO_QUANTITY,
    DIRT_FREE,
    DIRT_NEGATIVE_PRICE,
    DIRT_BAD_DATE,
    DIRT_OTHER_CASE,
    DIRT_POUND,
    DIRT_FINE_PRICE,
    DIRT_HUGE,
    DIRT_NEGATIVE_QUANTITY,
    DIRT_MALFORMED,
    DIRT_BAD_BYTES,
    /* files of order lines */
    DIRT_IDENTICAL_FILE,
    /* messages */
    DIRT_MESSAGE_MALFORMED,
    DIRT_MESSAGE_BAD_BYTES,
    DIRT_MESSAGE_BAD_TIME,
    DIRT_MESSAGE_NO_REFERENCE,
    DIRT_MESSAGE_BAD_AMOUNT,
    DIRT_MESSAGE_ORPHAN,
    DIRT_MESSAGE_LATE,
    DIRT_MESSAGE_TWICE,
    /* the database, the catalogue, the inventory */
    DIRT_GENDER_SPELLING,
    DIRT_COUNTRY_SPELLING,
    DIRT_BAD_REGISTRATION,
    DIRT_PRODUCT_MISSING,
    DIRT_PRODUCT_TWICE,
    DIRT_STOCK_WRONG,
    /* fraud */
    DIRT_CARD_TESTING,
    DIRT_MANY_CARDS,
    DIRT_COUNT,
};

struct shop {
    const struct generate_options *options;
    uint32_t rate[DIRT_COUNT];
    struct catalogue catalogue;
    struct order_truth order_truth;
    struct shop_truth truth;
    struct agenda agenda;
    struct disk *disk;
    struct err_text *error;
    uint64_t days;
    uint64_t web_rows, branch_rows; /* written so far */
    uint64_t static_bytes;          /* of files that are done, but for messages */
    int static_files;
};

/* When each kind is due for one part; `expected` records can have it. */
struct shop_due {
    struct random *random;
    struct dirt_due kind[DIRT_COUNT];
};

void shop_due_init(struct shop_due *d, const struct shop *s, struct random *r, uint64_t expected);
static inline bool shop_due(struct shop_due *d, enum shop_dirt kind)
{
    return dirt_take(&d->kind[kind], d->random);
}
/* The random numbers of part `part` (a small number, each part its own). */
void shop_random(struct random *r, const struct shop *s, uint64_t part);
/* The instant of the day for row `at` of `rows` (in order, a whole minute): more at noon than at the edges. */
int shop_second_of_day(uint64_t at, uint64_t rows);
int64_t shop_quantity_draw(struct random *r);
/* "2010-12-01" */
void shop_date(int64_t day, char out[16]);

/* --- journey.c --- */

struct journeys {
    struct shop *shop;
    struct random random;
    struct shop_due carts, orders; /* of messages about carts, which are many, and about orders */
    uint64_t number[MESSAGE_KINDS];
    uint64_t accepted[MESSAGE_KINDS]; /* of the open order */
    uint64_t cart, fraudsters;
    /* the open order */
    struct web_order *order;
    int64_t placed;
    int64_t total;
    uint64_t valid_lines;
    int items;
    enum shop_dirt fraud; /* DIRT_COUNT: none */
    struct {
        int product, quantity;
        int64_t price;
    } item[96];
};

void journeys_init(struct journeys *j, struct shop *s, uint64_t expected_messages);
/* Whether the next order is a fraud; the kind, or DIRT_COUNT. `*customer` is who does it. */
enum shop_dirt journey_fraud(struct journeys *j, int *customer);
void journey_begin(struct journeys *j, uint64_t number, const struct sale *sale, enum shop_dirt fraud);
/* A line of the order as it was written, and what the customer had asked for. */
void journey_line(struct journeys *j, const struct sale *sale, int64_t asked_quantity, int64_t asked_price);
/* Makes the order's messages. */
void journey_end(struct journeys *j);
/* A cart that never becomes an order. */
void journey_abandoned(struct journeys *j, int customer, int64_t at);
/* Goods of `order` come back: credit note `note` over `amount`. */
void journey_return(struct journeys *j, struct web_order *order, uint64_t note, int64_t at, int64_t amount);

/* --- orders.c --- */

struct orders;
/* `journeys` may be NULL: order lines alone. */
struct orders *orders_new(struct shop *s, struct journeys *journeys, uint64_t total);
void orders_free(struct orders *o);
/* The rows of a day, up to row `until` of all. */
void orders_day(struct orders *o, int64_t day, uint64_t until);
/* Closes the output; 0 or the first error. Adds to the bytes and files of the shop. */
int orders_finish(struct orders *o);

/* --- branch.c --- */

struct branch;
struct branch *branch_new(struct shop *s, enum channel channel, uint64_t total);
void branch_free(struct branch *b);
void branch_day(struct branch *b, int64_t day, uint64_t until);
int branch_finish(struct branch *b);

/* --- records.c, database.c --- */

/* Decides what is wrong with products; must come before any order line. Writes catalogue.xml. */
int records_products(struct shop *s);
/* shop.db with the customers. */
int records_database(struct shop *s);
/* Comes last: the stock is what the orders left. */
int records_inventory(struct shop *s);

#endif
