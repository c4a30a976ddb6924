/* orders.c - order lines in the layout of Online Retail, with its dirt.
 *
 *     InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
 *     536365,85123A,"CREAM TIN, BOXED",6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
 *
 * One CSV file per trading day (Saturdays are closed), rows in the order of their time. All dirt is
 * put in on purpose and known to the truth; nothing becomes a duplicate by accident, because a
 * product comes once in an invoice and an invoice number comes once. */
#include "workloads/ecommerce/shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "workloads/out_time.h"

#define HEADER        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
#define FIRST_INVOICE 536365
#define PROGRESS_ROWS 65536

enum { REPLAY_SLOTS = 256, REPLAY_EVERY = 97, ROW_MAX = 256 };

struct replay {
    uint8_t text[ROW_MAX];
    size_t n;
};

struct orders {
    struct shop *shop;
    struct journeys *journeys; /* NULL: order lines alone */
    struct random random;
    struct shop_due due;
    const struct catalogue *catalogue;
    struct out_file out;
    uint64_t row, total;
    uint64_t day_from, day_to; /* rows of the open day */
    int64_t day;               /* since 1970 */
    char date[16];
    uint32_t invoice;
    uint32_t product_invoice[CATALOGUE_PRODUCTS]; /* the last invoice that had this product */
    uint64_t invoice_lines;                       /* of the open one: valid */
    struct replay replay[REPLAY_SLOTS];
    uint64_t replays;
};

/* What one invoice has in common. */
struct invoice {
    char number[16];
    struct sale sale; /* template of its rows */
    bool float_id;
};

/* --- one row --- */

/* As a float prints: 2.55, 2.1, 0.0, 0.001. */
static void put_price(struct buf *b, int64_t thousandths)
{
    char digits[4];
    if (thousandths < 0) buf_append_byte(b, '-');
    uint64_t value = (uint64_t)(thousandths < 0 ? -thousandths : thousandths);
    out_number(b, value / 1000);
    uint64_t fraction = value % 1000;
    for (int i = 2; i >= 0; i--, fraction /= 10) digits[i] = (char)('0' + fraction % 10);
    size_t n = digits[2] != '0' ? 3 : digits[1] != '0' ? 2 : 1;
    buf_append_byte(b, '.');
    buf_append(b, digits, n);
}

static void put_date(struct buf *b, const struct orders *o, const struct sale *s, int bad)
{
    int hour = s->second / 3600, minute = s->second / 60 % 60;
    switch (bad) {
    case 1: buf_printf(b, "%.2s/%.2s/%.4s %d:%02d", o->date + 8, o->date + 5, o->date, hour, minute); return;
    case 2: buf_append(b, o->date, 10); return;
    case 3: buf_append_str(b, "unknown"); return;
    case 4: buf_printf(b, "%sT%02d:%02d:00Z", o->date, hour, minute); return;
    default: break;
    }
    buf_append(b, o->date, 10);
    buf_append_byte(b, ' ');
    out_two(b, hour);
    buf_append_byte(b, ':');
    out_two(b, minute);
    buf_append(b, ":00", 3);
}

static void remember(struct orders *o, const uint8_t *text, size_t n)
{
    struct replay *slot = &o->replay[o->replays++ % REPLAY_SLOTS];
    if (n > sizeof slot->text) return;
    memcpy(slot->text, text, n);
    slot->n = n;
}

static void row_done(struct orders *o, const struct sale *s)
{
    static const enum verdict verdicts[BUCKET_COUNT] = {
        [BUCKET_DUPLICATE] = VERDICT_DUPLICATE,
        [BUCKET_BAD_DATE] = VERDICT_BAD_DATE,
        [BUCKET_CANCELLATION] = VERDICT_CANCELLATION,
        [BUCKET_NON_SALE_INVOICE] = VERDICT_NON_SALE_INVOICE,
        [BUCKET_QUANTITY_NOT_POSITIVE] = VERDICT_QUANTITY,
        [BUCKET_PRICE_NOT_POSITIVE] = VERDICT_PRICE,
        [BUCKET_VALID] = VERDICT_ACCEPTED,
    };
    struct shop *shop = o->shop;
    order_truth_line(&shop->order_truth, s);
    if (o->journeys) shop_truth_line(&shop->truth, CHANNEL_WEB, verdicts[s->bucket], s);
    o->invoice_lines += s->bucket == BUCKET_VALID;
    o->row++;
    shop->web_rows++;
    out_file_flush_when_full(&o->out);
    if (o->row % PROGRESS_ROWS == 0 && shop->options->progress)
        shop->options->progress(shop->options->context, o->row + shop->branch_rows + shop->agenda.written,
                                (uint64_t)shop->options->scale);
}

/* `text` was written before: the first one stays, this one is a duplicate. */
static void write_duplicate(struct orders *o, const struct sale *s, const uint8_t *text, size_t n)
{
    struct sale duplicate = *s;
    duplicate.bucket = BUCKET_DUPLICATE;
    buf_append(&o->out.pending, text, n);
    row_done(o, &duplicate);
}

static void write_row(struct orders *o, const struct invoice *v, const struct sale *s, const char *code,
                      struct slice description, int bad_date)
{
    struct buf *b = &o->out.pending;
    size_t from = b->n;
    buf_append_str(b, v->number);
    buf_append_byte(b, ',');
    buf_append_str(b, code);
    buf_append_byte(b, ',');
    buf_append_slice(b, description);
    buf_append_byte(b, ',');
    if (s->quantity < 0) buf_append_byte(b, '-');
    out_number(b, (uint64_t)(s->quantity < 0 ? -s->quantity : s->quantity));
    buf_append_byte(b, ',');
    put_date(b, o, s, bad_date);
    buf_append_byte(b, ',');
    put_price(b, s->price_thousandths);
    buf_append_byte(b, ',');
    if (s->customer >= 0) {
        out_number(b, (uint64_t)(CATALOGUE_FIRST_CUSTOMER + s->customer));
        if (v->float_id) buf_append(b, ".0", 2);
    }
    buf_append_byte(b, ',');
    buf_append_str(b, catalogue_country(s->country));
    buf_append_byte(b, '\n');
    if (o->row % REPLAY_EVERY == 0) remember(o, b->p + from, b->n - from);
    uint8_t again[ROW_MAX];
    size_t n = b->n - from;
    bool repeat = n <= sizeof again && o->row + 1 < o->day_to && shop_due(&o->due, DIRT_REPEAT);
    if (repeat) memcpy(again, b->p + from, n);
    row_done(o, s);
    if (repeat) write_duplicate(o, s, again, n);
}

/* --- invoices --- */

static int second_of_day(const struct orders *o)
{
    return shop_second_of_day(o->row - o->day_from, o->day_to - o->day_from);
}

static void invoice_begin(struct orders *o, struct invoice *v, const char *prefix, bool anonymous)
{
    struct sale *s = &v->sale;
    snprintf(v->number, sizeof v->number, "%s%u", prefix, o->invoice);
    *s = (struct sale){.bucket = BUCKET_VALID, .customer = -1, .day = o->day, .second = second_of_day(o)};
    v->float_id = shop_due(&o->due, DIRT_FLOAT_ID);
    o->invoice_lines = 0;
    if (!anonymous && !shop_due(&o->due, DIRT_NO_CUSTOMER)) {
        s->customer = popularity_draw(&o->catalogue->customer_popularity, &o->random);
        s->country = o->catalogue->customers[s->customer].country;
    } else if (random_chance(&o->random, 1, 12)) {
        s->country = 1 + popularity_draw(&o->catalogue->country_popularity, &o->random);
    }
}

static void invoice_end(struct orders *o)
{
    order_truth_invoice_end(&o->shop->order_truth);
    if (o->journeys) shop_truth_receipt_end(&o->shop->truth, CHANNEL_WEB, o->invoice_lines);
    o->invoice++;
}

/* A product that this invoice has not had yet. */
static int product_new(struct orders *o)
{
    int product = popularity_draw(&o->catalogue->product_popularity, &o->random);
    while (o->product_invoice[product] == o->invoice) product = (product + 1) % CATALOGUE_PRODUCTS;
    o->product_invoice[product] = o->invoice;
    return product;
}

static int product_with_variant(struct orders *o)
{
    int product = product_new(o);
    while (!o->catalogue->products[product].variant[0]) product = product_new(o);
    return product;
}

/* At most one kind of dirt for a row; a kind that has to wait stays due. Now and then the clock goes
 * on within an invoice. */
static void ordinary_line(struct orders *o, struct invoice *v)
{
    if (random_chance(&o->random, 1, 4000)) v->sale.second = second_of_day(o);
    struct sale s = v->sale;
    const struct product *products = o->catalogue->products, *p;
    const char *code = NULL;
    int bad_date = 0;
    s.quantity = shop_quantity_draw(&o->random);
    s.product = product_new(o);
    p = &products[s.product];
    s.price_thousandths = s.customer < 0 ? p->price_thousandths * 5 / 3 / 10 * 10 : p->price_thousandths;
    int64_t asked = s.quantity, asked_price = s.price_thousandths;
    if (shop_due(&o->due, DIRT_OTHER_CASE)) {
        s.product = product_with_variant(o);
        code = products[s.product].variant;
    } else if (shop_due(&o->due, DIRT_FREE)) {
        s.price_thousandths = 0;
        s.bucket = BUCKET_PRICE_NOT_POSITIVE;
    } else if (shop_due(&o->due, DIRT_NEGATIVE_PRICE)) {
        s.price_thousandths = -s.price_thousandths;
        s.bucket = BUCKET_PRICE_NOT_POSITIVE;
    } else if (shop_due(&o->due, DIRT_ZERO_QUANTITY)) {
        s.quantity = 0;
        s.bucket = BUCKET_QUANTITY_NOT_POSITIVE;
    } else if (shop_due(&o->due, DIRT_BAD_DATE)) {
        bad_date = 1 + (int)random_below(&o->random, 4);
        s.bucket = BUCKET_BAD_DATE;
    } else if (o->product_invoice[o->catalogue->voucher] != o->invoice && shop_due(&o->due, DIRT_POUND)) {
        s.product = o->catalogue->voucher;
        o->product_invoice[s.product] = o->invoice;
    } else if (shop_due(&o->due, DIRT_FINE_PRICE)) {
        s.price_thousandths += 1 + (int64_t)random_below(&o->random, 9);
    } else if (shop_due(&o->due, DIRT_HUGE)) {
        s.quantity = asked = 10000 + (int64_t)random_below(&o->random, 70000);
    }
    p = &products[s.product];
    write_row(o, v, &s, code ? code : p->code, p->csv, bad_date);
    if (o->journeys) journey_line(o->journeys, &s, asked, asked_price);
}

/* Carts that are left standing: six for five orders. */
static void abandoned_carts(struct orders *o)
{
    for (int n = random_chance(&o->random, 1, 5) ? 2 : 1; n > 0; n--) {
        bool known = random_chance(&o->random, 1, 2);
        int customer = known ? popularity_draw(&o->catalogue->customer_popularity, &o->random) : -1;
        journey_abandoned(o->journeys, customer, o->day * 86400 + second_of_day(o));
    }
}

static void ordinary_invoice(struct orders *o)
{
    struct invoice v;
    uint64_t lines = 1 + random_below(&o->random, 12) * random_below(&o->random, 8);
    invoice_begin(o, &v, "", false);
    if (o->journeys) {
        enum shop_dirt fraud = journey_fraud(o->journeys, &v.sale.customer);
        if (fraud != DIRT_COUNT) v.sale.country = o->catalogue->customers[v.sale.customer].country;
        if (fraud == DIRT_CARD_TESTING) lines = 1;
        journey_begin(o->journeys, o->invoice, &v.sale, fraud);
    }
    while (lines-- > 0 && o->row < o->day_to) ordinary_line(o, &v);
    if (o->journeys) {
        journey_end(o->journeys);
        abandoned_carts(o);
    }
    invoice_end(o);
}

static void cancelled_line(struct orders *o, const struct invoice *v, int product, int64_t quantity, int64_t price)
{
    struct sale s = v->sale;
    s.product = product;
    s.quantity = -quantity;
    s.price_thousandths = price;
    write_row(o, v, &s, o->catalogue->products[product].code, o->catalogue->products[product].csv, 0);
}

/* An order whose goods may come back: paid, and sent by now. */
static struct web_order *order_to_return(struct orders *o)
{
    struct shop_truth *t = &o->shop->truth;
    int64_t now = o->day * 86400 + second_of_day(o);
    uint64_t from = random_below(&o->random, SHOP_ORDERS_OPEN);
    for (uint64_t i = 0; i < SHOP_ORDERS_OPEN; i++) {
        struct web_order *w = &t->order[(from + i) % SHOP_ORDERS_OPEN];
        if (w->lines > 0 && w->is_paid && !w->is_fraud && !w->is_cancelled && !w->has_note && w->shipped_at > 0 &&
            w->shipped_at < now)
            return w;
    }
    return NULL;
}

/* A credit note for one or two lines of an earlier order. */
static void returned_order(struct orders *o, struct web_order *w)
{
    struct invoice v;
    int64_t amount = 0;
    int lines = w->lines_kept > 1 && random_chance(&o->random, 1, 2) ? 2 : 1;
    invoice_begin(o, &v, "C", true);
    v.sale.bucket = BUCKET_CANCELLATION;
    v.sale.customer = w->customer;
    v.sale.country = w->country;
    w->has_note = true;
    for (int i = 0; i < lines && o->row < o->day_to; i++) {
        cancelled_line(o, &v, w->line[i].product, w->line[i].quantity, w->line[i].price_thousandths);
        amount += w->line[i].quantity * w->line[i].price_thousandths;
    }
    journey_return(o->journeys, w, o->invoice, o->day * 86400 + v.sale.second, amount);
    invoice_end(o);
}

/* Without orders to look back at: a credit note for anything. */
static void cancelled_invoice(struct orders *o)
{
    struct web_order *w = o->journeys ? order_to_return(o) : NULL;
    struct invoice v;
    uint64_t lines = 1 + random_below(&o->random, 4) / 2;
    if (w) {
        returned_order(o, w);
        return;
    }
    invoice_begin(o, &v, "C", false);
    v.sale.bucket = BUCKET_CANCELLATION;
    while (lines-- > 0 && o->row < o->day_to) {
        int product = product_new(o);
        cancelled_line(o, &v, product, shop_quantity_draw(&o->random),
                       o->catalogue->products[product].price_thousandths);
    }
    invoice_end(o);
}

static void adjustment(struct orders *o)
{
    struct invoice v;
    invoice_begin(o, &v, "A", true);
    struct sale s = v.sale;
    s.bucket = BUCKET_NON_SALE_INVOICE;
    s.product = -1;
    s.quantity = 1;
    s.price_thousandths =
        (random_chance(&o->random, 2, 3) ? -1 : 1) * (int64_t)(1000000 + random_below(&o->random, 10000000)) / 10 * 10;
    write_row(o, &v, &s, "B", SLICE_LIT("Adjust bad debt"), 0);
    invoice_end(o);
}

static void write_off(struct orders *o)
{
    static const char *const notes[] = {"", "", "", "damaged", "?", "lost in space", "wrongly coded, see \"\"note\"\""};
    struct invoice v;
    invoice_begin(o, &v, "", true);
    struct sale s = v.sale;
    s.country = 0;
    s.bucket = BUCKET_QUANTITY_NOT_POSITIVE;
    s.product = product_new(o);
    s.quantity = -shop_quantity_draw(&o->random);
    const char *note = notes[random_below(&o->random, sizeof notes / sizeof notes[0])];
    char quoted[64];
    snprintf(quoted, sizeof quoted, strchr(note, ',') ? "\"%s\"" : "%s", note);
    write_row(o, &v, &s, o->catalogue->products[s.product].code, slice_str(quoted), 0);
    invoice_end(o);
}

static void replay(struct orders *o)
{
    uint64_t kept = o->replays < REPLAY_SLOTS ? o->replays : REPLAY_SLOTS;
    const struct replay *slot = &o->replay[random_below(&o->random, kept)];
    struct sale s = {.day = o->day, .product = -1};
    if (slot->n > 0) write_duplicate(o, &s, slot->text, slot->n);
}

static void next_invoice(struct orders *o)
{
    if (o->replays > 0 && shop_due(&o->due, DIRT_REPLAY))
        replay(o);
    else if (shop_due(&o->due, DIRT_CANCELLATION))
        cancelled_invoice(o);
    else if (shop_due(&o->due, DIRT_WRITE_OFF))
        write_off(o);
    else if (shop_due(&o->due, DIRT_ADJUSTMENT))
        adjustment(o);
    else
        ordinary_invoice(o);
}

/* --- days --- */

void orders_day(struct orders *o, int64_t day, uint64_t until)
{
    char name[32], copy[32];
    shop_date(day, o->date);
    snprintf(name, sizeof name, "%s.csv", o->date);
    snprintf(copy, sizeof copy, "%s_copy.csv", o->date);
    o->day = day;
    o->day_from = o->row;
    o->day_to = until;
    out_file_open(&o->out, name);
    buf_append_str(&o->out.pending, HEADER);
    while (o->row < o->day_to && !o->out.error) next_invoice(o);
    out_file_close(&o->out);
    if (o->journeys && shop_due(&o->due, DIRT_IDENTICAL_FILE)) out_file_copy(&o->out, name, copy);
    order_truth_day_end(&o->shop->order_truth);
}

struct orders *orders_new(struct shop *s, struct journeys *journeys, uint64_t total)
{
    struct orders *o = memory_new(sizeof *o);
    o->shop = s;
    o->journeys = journeys;
    o->catalogue = &s->catalogue;
    o->total = total;
    o->invoice = FIRST_INVOICE;
    shop_random(&o->random, s, 1);
    shop_due_init(&o->due, s, &o->random, total);
    out_file_init(&o->out, s->disk, s->error);
    return o;
}

void orders_free(struct orders *o)
{
    if (!o) return;
    out_file_release(&o->out);
    free(o);
}

int orders_finish(struct orders *o)
{
    o->shop->static_bytes += o->out.bytes;
    o->shop->static_files += o->out.files;
    return o->out.error;
}
