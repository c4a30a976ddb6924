/* order_truth.h - the answers of the ecommerce workload, counted while its rows are made.
 *
 *     order_truth_init -> ( order_truth_line* order_truth_invoice_end )* per day, order_truth_day_end ->
 * order_truth_finish -> order_truth_release
 *
 * The rules are those of docs/formats (and of RULES.md beside the files): each row belongs to the
 * first bucket that fits; revenue is summed exactly in thousandths. What makes plain counters enough:
 * an invoice lies within one day and has one customer, and a customer has one country, so distinct
 * invoices and customers are counted when they end or first appear, without a set. */
#ifndef MILLRACE_WORKLOADS_ECOMMERCE_ORDER_TRUTH_H
#define MILLRACE_WORKLOADS_ECOMMERCE_ORDER_TRUTH_H

#include "workloads/ecommerce/catalogue.h"
#include "workloads/out_file.h"

enum bucket {
    BUCKET_DUPLICATE,
    BUCKET_BAD_DATE,
    BUCKET_CANCELLATION,
    BUCKET_NON_SALE_INVOICE,
    BUCKET_QUANTITY_NOT_POSITIVE,
    BUCKET_PRICE_NOT_POSITIVE,
    BUCKET_VALID,
    BUCKET_COUNT,
};

/* What the generator knows about one row. */
struct sale {
    enum bucket bucket;
    int product;
    int customer; /* -1: none */
    int legacy;   /* a customer of the Italian branch, from 1; 0: none */
    int country;
    int64_t quantity, price_thousandths;
    int64_t day; /* since 1970-01-01 */
    int second;  /* of the day */
};

struct tally {
    uint64_t lines, invoices, customers;
    int64_t quantity, value;
};

struct customer_truth {
    int64_t first, last; /* seconds since 1970; first is -1 before the first purchase */
    uint64_t invoices;
    int64_t value;
    int month_seen; /* the last month in which this customer was counted */
};

struct order_truth {
    const struct catalogue *catalogue;
    uint64_t bucket[BUCKET_COUNT];
    struct tally total, with_customer, day, hour, *month; /* month: [month][country] */
    struct tally *cancelled;                              /* by month */
    struct tally stock[CATALOGUE_PRODUCTS];
    struct customer_truth customer[CATALOGUE_CUSTOMERS];
    int64_t day_number, hour_number; /* the hour since 1970 that `hour` counts; -1 for none */
    uint64_t hours;
    int month_first, months; /* month_first: year * 12 + month - 1 */
    struct tally invoice;    /* the open invoice: what of it was valid or cancelled */
    struct sale invoice_sale;
    struct out_file days, by_hour;
};

/* `days_first` and `days_last` bound the dates; `disk` holds the ground_truth folder. */
void order_truth_init(struct order_truth *t, const struct catalogue *c, struct disk *disk, int64_t days_first,
                      int64_t days_last, struct err_text *why);
void order_truth_release(struct order_truth *t);
/* One row that was written. Only valid rows and cancellations carry on into groups. */
void order_truth_line(struct order_truth *t, const struct sale *sale);
void order_truth_invoice_end(struct order_truth *t);
void order_truth_day_end(struct order_truth *t);
/* Writes every file of the truth. Returns 0 or the first error. */
int order_truth_finish(struct order_truth *t, struct disk *disk, struct err_text *why);

#endif
