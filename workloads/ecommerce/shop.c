#include "workloads/ecommerce/shop.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/text.h"

#define FIRST_DAY 14944 /* 2010-12-01, a Wednesday */
#define DAYS_MIN  7

/* Of a million records; the rest are messages. A million records make 305 days, as in the real file. */
enum { WEB_SHARE = 350000, EU_SHARE = 60000, US_SHARE = 40000, WEB_ROWS_PER_DAY = 1148, LINES_ALONE_PER_DAY = 3279 };
enum { LINES_PER_INVOICE = 20 };

/* Those of the order lines are as measured in the real file, rounded. */
static const struct dirt_kind kinds[] = {
    [DIRT_REPLAY] = {"replay", 22000, "invoices: instead of one a line of an earlier one, mostly of an earlier file"},
    [DIRT_CANCELLATION] = {"cancellation", 150000,
                           "invoices C... with negative quantities, for an order that came back"},
    [DIRT_ADJUSTMENT] = {"adjustment", 110, "invoices A..., a bad debt"},
    [DIRT_WRITE_OFF] = {"write_off", 50000, "invoices with negative quantity, no description, price or customer"},
    [DIRT_FLOAT_ID] = {"float_id", 1000000, "invoices: customer ids as floats, 17850.0"},
    [DIRT_NO_CUSTOMER] = {"no_customer", 200000, "invoices without a customer id"},
    [DIRT_REPEAT] = {"repeat", 7700, "order lines that come twice, at once"},
    [DIRT_ZERO_QUANTITY] = {"zero_quantity", 50, "order lines"},
    [DIRT_FREE] = {"free", 2200, "order lines with a price of 0"},
    [DIRT_NEGATIVE_PRICE] = {"negative_price", 4, "order lines"},
    [DIRT_BAD_DATE] = {"bad_date", 17, "order lines: a date that is none, or in another notation"},
    [DIRT_OTHER_CASE] = {"other_case", 1100, "order lines: stock code 85123a for 85123A"},
    [DIRT_POUND] = {"pound", 67, "order lines: a description with a pound sign"},
    [DIRT_FINE_PRICE] = {"fine_price", 10, "order lines: a price with three decimals"},
    [DIRT_HUGE] = {"huge", 4, "order lines: one article in tens of thousands"},
    [DIRT_NEGATIVE_QUANTITY] = {"negative_quantity", 8000, "order lines of the branches"},
    [DIRT_MALFORMED] = {"malformed", 500, "order lines of the branches with two fields"},
    [DIRT_BAD_BYTES] = {"bad_bytes", 300, "order lines of the branches: bytes that are not in the encoding"},
    [DIRT_IDENTICAL_FILE] = {"identical_file", 10000, "daily files that come again as ..._copy.csv"},
    [DIRT_MESSAGE_MALFORMED] = {"message_malformed", 200, "messages that end in the middle"},
    [DIRT_MESSAGE_BAD_BYTES] = {"message_bad_bytes", 100, "messages: bytes that are not UTF-8"},
    [DIRT_MESSAGE_BAD_TIME] = {"message_bad_time", 300, "messages: an instant that is none"},
    [DIRT_MESSAGE_NO_REFERENCE] = {"message_no_reference", 300, "messages: order or cart is null"},
    [DIRT_MESSAGE_BAD_AMOUNT] = {"message_bad_amount", 300, "messages: an amount that is no number"},
    [DIRT_MESSAGE_ORPHAN] = {"message_orphan", 2000, "messages about an order that nobody placed"},
    [DIRT_MESSAGE_LATE] = {"message_late", 5000, "messages that arrive hours late"},
    [DIRT_MESSAGE_TWICE] = {"message_twice", 3000, "messages that are delivered twice"},
    [DIRT_GENDER_SPELLING] = {"gender_spelling", 600000, "customers: Maschio, femmina, ... for M and F"},
    [DIRT_COUNTRY_SPELLING] = {"country_spelling", 300000, "customers: UK, Germania, ... for the usual name"},
    [DIRT_BAD_REGISTRATION] = {"bad_registration", 4000, "customers: a date of registration that is none"},
    [DIRT_PRODUCT_MISSING] = {"product_missing", 5000, "products that are sold but not in the catalogue"},
    [DIRT_PRODUCT_TWICE] = {"product_twice", 4000,
                            "products that are in the catalogue twice, the second in another case"},
    [DIRT_STOCK_WRONG] = {"stock_wrong", 6000, "products whose stock in the inventory is not what the orders left"},
    [DIRT_CARD_TESTING] = {"card_testing", 2000, "orders: fraud, a tiny order tried with 8 to 25 cards"},
    [DIRT_MANY_CARDS] = {"many_cards", 2000, "orders: fraud, an order paid with the 6th to 12th card"},
};

void shop_due_init(struct shop_due *d, const struct shop *s, struct random *r, uint64_t expected)
{
    d->random = r;
    for (int i = 0; i < DIRT_COUNT; i++) {
        uint64_t records = i < DIRT_INVOICE_KINDS ? expected / LINES_PER_INVOICE : expected;
        dirt_init(&d->kind[i], r, s->rate[i], i == DIRT_IDENTICAL_FILE ? s->days : records);
    }
}

void shop_random(struct random *r, const struct shop *s, uint64_t part)
{
    random_seed(r, s->options->seed * 1000003 + part);
}

int shop_second_of_day(uint64_t at, uint64_t rows)
{
    static const uint8_t weight[] = {1, 4, 6, 8, 9, 14, 12, 10, 9, 5, 3, 1, 1}; /* from 08:00 */
    uint64_t sum = 0;
    at = (at < rows ? at : rows - 1) * 83 * 60 / rows; /* 83 is their sum */
    for (size_t hour = 0;; hour++) {
        uint64_t span = (uint64_t)weight[hour] * 60;
        if (at < sum + span) return (int)((8 + hour) * 3600 + (at - sum) / weight[hour] * 60);
        sum += span;
    }
}

int64_t shop_quantity_draw(struct random *r)
{
    static const uint8_t often[] = {1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 4, 6, 6, 8, 10, 12, 12, 12, 24, 24, 25, 36, 48, 96};
    return often[random_below(r, sizeof often)];
}

void shop_date(int64_t day, char out[16])
{
    int64_t year;
    int month, day_of_month;
    civil_from_days(day, &year, &month, &day_of_month);
    snprintf(out, 16, "%04d-%02d-%02d", (int)(year % 10000), month, day_of_month);
}

/* --- days --- */

static bool is_saturday(int64_t day)
{
    return day % 7 == 2;
} /* 1970-01-01 was a Thursday */

static int64_t day_after(int64_t day)
{
    return is_saturday(day + 1) ? day + 2 : day + 1;
}

/* Thursdays are busy and Sundays are not. Days differ besides: between 60 and 140 of a hundred. */
static uint32_t day_weight(int64_t day, struct random *r)
{
    static const uint8_t weekday[7] = {125, 100, 0, 65, 95, 105, 110}; /* from Thursday */
    return weekday[day % 7] * (60 + (uint32_t)random_below(r, 81));
}

struct parts {
    struct journeys journeys;
    struct orders *orders;
    struct branch *eu, *us;
    uint64_t web, branch_eu, branch_us; /* rows in all */
};

static uint64_t share_of(uint64_t total, uint64_t part, uint64_t sum)
{
    return (uint64_t)((unsigned __int128)total * part / sum);
}

static void one_day(struct shop *s, struct parts *p, int64_t day, uint64_t so_far, uint64_t sum)
{
    orders_day(p->orders, day, share_of(p->web, so_far, sum));
    if (!p->eu) return;
    branch_day(p->eu, day, share_of(p->branch_eu, so_far, sum));
    branch_day(p->us, day, share_of(p->branch_us, so_far, sum));
    shop_truth_day_end(&s->truth, day);
    /* Carts of tomorrow's first orders are filled tomorrow. */
    agenda_write_until(&s->agenda, (day + 1) * 86400 - 1);
}

/* The rows follow the running sum of the weights of the days. */
static void all_days(struct shop *s, struct parts *p)
{
    struct random weights, again;
    uint64_t sum = 0, so_far = 0;
    int64_t day = FIRST_DAY;
    shop_random(&weights, s, 3);
    again = weights;
    for (uint64_t i = 0; i < s->days; i++, day = day_after(day)) sum += day_weight(day, &again);
    day = FIRST_DAY;
    for (uint64_t i = 0; i < s->days && !s->error->text[0]; i++, day = day_after(day)) {
        so_far += day_weight(day, &weights);
        one_day(s, p, day, so_far, sum);
    }
}

static int64_t last_day(uint64_t days)
{
    return FIRST_DAY + (int64_t)days * 7 / 6 + 7;
}

/* --- all of it --- */

static const char rules[] =
    "# Ground truth of a generated shop\n"
    "Written by `millrace generate ecommerce` while it made the files.\n\n"
    "This folder: the order lines of the web shop, YYYY-MM-DD.csv (workloads/ecommerce/online_retail.json). The rules\n"
    "are those of the real data set: each data row goes to the first bucket that fits: duplicate (all 8 raw fields\n"
    "equal to an earlier row), bad_date (not `YYYY-MM-DD HH:MM:SS`), cancellation (invoice `C...`), non_sale_invoice\n"
    "(invoice not all digits), quantity_not_positive, price_not_positive, valid. A missing customer does not make a "
    "row\n"
    "invalid. Revenue = quantity x unit price, exact in thousandths. Stock codes are upper-cased before grouping.\n"
    "Ties in a top-10 go to the smaller stock code. first_description is information only. A file with the same bytes\n"
    "as an earlier one is not read.\n";

static const char shop_rules[] =
    "\nThe folder shop: everything (workloads/ecommerce/shop.json).\n"
    "- Feeds: a record goes to the first that fits of: format (cut off, wrong number of fields, bytes that are not in "
    "the\n"
    "  encoding), duplicate (all fields of an order line; the id of a message; a product's code, letter case aside),\n"
    "  bad_date, cancellation, non_sale_invoice, quantity_not_positive, price_not_positive (order lines), "
    "no_reference\n"
    "  (order or cart is null), bad_amount (total, amount, quantity or parcels that is no number), accepted.\n"
    "- Sales are accepted order lines of the three channels, in the currency of the channel, which is never "
    "converted.\n"
    "  Category is the product's in the catalogue, `unknown` for products that are not in it. Gender is the buyer's in "
    "the\n"
    "  database, `unknown` also for a buyer whose row there is rejected, `nobody` for lines without a customer.\n"
    "- Web orders are invoices of the web shop with an accepted line; orphans are accepted messages about anything "
    "else.\n"
    "- order_states: attempts are payments captured or failed; payment is captured, else failed, else none; paid and\n"
    "  refunded are sums of payments; shipments counts shipments, delivered counts parcel_delivered, cancelled is 1 "
    "with\n"
    "  an order_cancelled. Only accepted records count. orders_not_settled are those whose paid is not their value.\n"
    "- funnel: carts by the day of their first accepted addition; ordered: with an accepted order_placed; paid: and a\n"
    "  payment_captured for that order; shipped: and a parcel_shipped; delivered: and a parcel_delivered.\n"
    "- fraud: customers with at least 5 different cards in an hour of the clock (UTC), over accepted payments.\n"
    "- stock: products for which the inventory's on_hand is not initial - sold + returned, with accepted sales and\n"
    "  cancellations. Rows with a bad date or price and write-offs did move goods, and some stocks are simply wrong.\n"
    "- top_products: by quantity over all channels, ties to the smaller code.\n";

static bool is_input(const char *name)
{
    static const char *const patterns[] = {"[0-9]*-*-*.csv", "branch_[eu][us]-*.csv", "catalogue.xml", "inventory.json",
                                           "shop.db"};
    char messages[64];
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        if (fnmatch(patterns[i], name, 0) == 0) return true;
    for (int kind = 0; kind < MESSAGE_KINDS; kind++) {
        snprintf(messages, sizeof messages, "%s-*.ndjson", message_kind_name(kind));
        if (fnmatch(messages, name, 0) == 0) return true;
    }
    return false;
}

/* First, because it marks the folder as ours. */
static int write_rules(struct shop *s)
{
    struct out_file out;
    out_file_init(&out, s->disk, s->error);
    out_file_open(&out, "ground_truth/RULES.md");
    buf_append_str(&out.pending, rules);
    if (!s->options->order_lines_only) buf_append_str(&out.pending, shop_rules);
    out_file_close(&out);
    int error = out.error;
    out_file_release(&out);
    return error;
}

static int finish(struct shop *s, struct parts *p)
{
    int rc = orders_finish(p->orders);
    int truth = order_truth_finish(&s->order_truth, s->disk, s->error);
    if (rc == 0) rc = truth;
    if (!p->eu) return rc;
    if (rc == 0) rc = branch_finish(p->eu);
    if (rc == 0) rc = branch_finish(p->us);
    if (rc == 0) rc = agenda_finish(&s->agenda);
    if (rc == 0) rc = records_inventory(s);
    if (rc == 0) rc = shop_truth_finish(&s->truth, s->disk, s->error);
    return rc;
}

/* Order lines alone for who measures something else with them. */
static int run_lines(struct shop *s, struct parts *p)
{
    p->web = (uint64_t)s->options->scale;
    p->orders = orders_new(s, NULL, p->web);
    all_days(s, p);
    return finish(s, p);
}

static int run_all(struct shop *s, struct parts *p)
{
    uint64_t scale = (uint64_t)s->options->scale;
    int rc = s->disk->call->make_dir(s->disk, "ground_truth/shop");
    if (rc < 0) return err_set(s->error, rc, "%s/ground_truth/shop: %s", s->options->out, err_words(rc));
    shop_truth_init(&s->truth, &s->catalogue, s->disk, s->error);
    agenda_init(&s->agenda, &s->catalogue, FIRST_DAY, s->disk, s->error);
    p->web = scale * WEB_SHARE / 1000000;
    p->branch_eu = scale * EU_SHARE / 1000000;
    p->branch_us = scale * US_SHARE / 1000000;
    journeys_init(&p->journeys, s, scale - p->web - p->branch_eu - p->branch_us);
    p->orders = orders_new(s, &p->journeys, p->web);
    p->eu = branch_new(s, CHANNEL_EU, p->branch_eu);
    p->us = branch_new(s, CHANNEL_US, p->branch_us);
    rc = records_products(s);
    if (rc == 0) rc = records_database(s);
    if (rc == 0) {
        all_days(s, p);
        rc = finish(s, p);
    }
    agenda_release(&s->agenda);
    shop_truth_release(&s->truth);
    return rc;
}

static int run(struct shop *s)
{
    uint64_t scale = (uint64_t)s->options->scale;
    struct parts *p = memory_new(sizeof *p);
    struct random r;
    uint64_t rows = s->options->order_lines_only ? scale : scale * WEB_SHARE / 1000000;
    uint64_t per_day = s->options->order_lines_only ? LINES_ALONE_PER_DAY : WEB_ROWS_PER_DAY;
    s->days = (rows + per_day - 1) / per_day;
    if (s->days < DAYS_MIN) s->days = DAYS_MIN;
    shop_random(&r, s, 0);
    catalogue_init(&s->catalogue, &r);
    order_truth_init(&s->order_truth, &s->catalogue, s->disk, FIRST_DAY, last_day(s->days), s->error);
    int rc = write_rules(s);
    if (rc == 0) rc = s->options->order_lines_only ? run_lines(s, p) : run_all(s, p);
    order_truth_release(&s->order_truth);
    orders_free(p->orders);
    branch_free(p->eu);
    branch_free(p->us);
    catalogue_release(&s->catalogue);
    free(p);
    return rc;
}

static struct generate_result result_of(const struct shop *s)
{
    struct generate_result r = {s->web_rows + s->branch_rows + s->agenda.written, s->static_bytes, s->static_files};
    for (int i = 0; i < MESSAGE_KINDS; i++) {
        r.bytes += s->agenda.out[i].bytes;
        r.files += s->agenda.out[i].files;
    }
    return r;
}

int generate_ecommerce(const struct generate_options *options, struct generate_result *result, struct err_text *error)
{
    struct err_text own = {0};
    struct shop *s = memory_new(sizeof *s);
    s->options = options;
    s->error = error ? error : &own;
    int rc = generate_begin(options, kinds, DIRT_COUNT, s->rate, is_input, &s->disk, s->error);
    if (rc == 0) {
        rc = run(s);
        if (result) *result = result_of(s);
        disk_linux_free(s->disk);
    }
    free(s);
    return rc;
}

const struct generator ecommerce_generator = {
    "ecommerce",
    "a shop: order lines, two branches, messages, a database, a catalogue, an inventory",
    kinds,
    DIRT_COUNT,
    generate_ecommerce,
};
