/* orders.c - order lines in the layout of Online Retail, with its dirt.
 *
 *     InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
 *     536365,85123A,"CREAM TIN, BOXED",6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
 *
 * One CSV file per trading day (Saturdays are closed), rows in the order of their time. All dirt is
 * put in on purpose and known to the truth; nothing becomes a duplicate by accident, because a
 * product comes once in an invoice and an invoice number comes once. */
#include "workloads/generate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "workloads/ecommerce/order_truth.h"

#define HEADER        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
#define ROWS_PER_DAY  3279 /* a million rows make 305 days, as in the real file */
#define DAYS_MIN      7
#define FIRST_DAY     14944 /* 2010-12-01, a Wednesday */
#define FIRST_INVOICE 536365
#define PROGRESS_ROWS 65536

enum { REPLAY_SLOTS = 256, REPLAY_EVERY = 97, ROW_MAX = 256 };

enum dirt {
    DIRT_REPEAT,       /* the same row again, at once */
    DIRT_REPLAY,       /* a row of an earlier invoice again, mostly of an earlier file */
    DIRT_CANCELLATION, /* an invoice C... with negative quantities */
    DIRT_ADJUSTMENT,   /* an invoice A... */
    DIRT_WRITE_OFF,    /* negative quantity, no description, no price, no customer */
    DIRT_ZERO_QUANTITY,
    DIRT_FREE, /* unit price 0.0 */
    DIRT_NEGATIVE_PRICE,
    DIRT_BAD_DATE,
    DIRT_OTHER_CASE, /* 85123a for 85123A */
    DIRT_POUND,      /* a description with a pound sign */
    DIRT_FINE_PRICE, /* three decimals */
    DIRT_HUGE,       /* one article in tens of thousands */
    DIRT_COUNT,
};

/* Rows between two of a kind: the frequencies measured in the real file, rounded. */
static const uint64_t dirt_interval[DIRT_COUNT] = {
    [DIRT_REPEAT] = 130,     [DIRT_REPLAY] = 900,          [DIRT_CANCELLATION] = 60, [DIRT_ADJUSTMENT] = 180000,
    [DIRT_WRITE_OFF] = 400,  [DIRT_ZERO_QUANTITY] = 20000, [DIRT_FREE] = 450,        [DIRT_NEGATIVE_PRICE] = 250000,
    [DIRT_BAD_DATE] = 60000, [DIRT_OTHER_CASE] = 900,      [DIRT_POUND] = 15000,     [DIRT_FINE_PRICE] = 100000,
    [DIRT_HUGE] = 250000,
};

struct replay {
    uint8_t text[ROW_MAX];
    size_t n;
};

struct orders {
    const struct generate_options *options;
    struct random random;
    struct catalogue catalogue;
    struct order_truth truth;
    struct out_file out;
    struct due due[DIRT_COUNT];
    uint64_t row, total;
    uint64_t day_from, day_to; /* rows of the open day */
    int64_t day;               /* since 1970 */
    char date[16];
    uint32_t invoice;
    uint32_t product_invoice[CATALOGUE_PRODUCTS]; /* the last invoice that had this product */
    struct replay replay[REPLAY_SLOTS];
    uint64_t replays;
};

/* What one invoice has in common. */
struct invoice {
    char number[16];
    struct sale sale; /* template of its rows */
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

static void put_two(struct buf *b, int value)
{
    buf_append_byte(b, (uint8_t)('0' + value / 10));
    buf_append_byte(b, (uint8_t)('0' + value % 10));
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
    put_two(b, hour);
    buf_append_byte(b, ':');
    put_two(b, minute);
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
    order_truth_line(&o->truth, s);
    o->row++;
    out_file_flush_when_full(&o->out);
    if (o->row % PROGRESS_ROWS == 0 && o->options->progress)
        o->options->progress(o->options->context, o->row, o->total);
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
        buf_append(b, ".0", 2);
    }
    buf_append_byte(b, ',');
    buf_append_str(b, catalogue_country(s->country));
    buf_append_byte(b, '\n');
    if (o->row % REPLAY_EVERY == 0) remember(o, b->p + from, b->n - from);
    uint8_t again[ROW_MAX];
    size_t n = b->n - from;
    bool repeat = n <= sizeof again && o->row + 1 < o->day_to && due_take(&o->due[DIRT_REPEAT], &o->random, o->row);
    if (repeat) memcpy(again, b->p + from, n);
    row_done(o, s);
    if (repeat) write_duplicate(o, s, again, n);
}

/* --- invoices --- */

/* The time follows from the place of the row in its day: more at noon than at the edges. */
static int second_of_day(const struct orders *o)
{
    static const uint8_t weight[] = {1, 4, 6, 8, 9, 14, 12, 10, 9, 5, 3, 1, 1};          /* from 08:00 */
    uint64_t sum = 0, at = (o->row - o->day_from) * 83 * 60 / (o->day_to - o->day_from); /* 83 is their sum */
    for (size_t hour = 0;; hour++) {
        uint64_t span = (uint64_t)weight[hour] * 60;
        if (at < sum + span) return (int)((8 + hour) * 3600 + (at - sum) / weight[hour] * 60);
        sum += span;
    }
}

static void invoice_begin(struct orders *o, struct invoice *v, const char *prefix, bool anonymous)
{
    struct sale *s = &v->sale;
    snprintf(v->number, sizeof v->number, "%s%u", prefix, o->invoice);
    *s = (struct sale){.bucket = BUCKET_VALID, .customer = -1, .day = o->day, .second = second_of_day(o)};
    if (!anonymous && !random_chance(&o->random, 1, 5)) {
        s->customer = popularity_draw(&o->catalogue.customer_popularity, &o->random);
        s->country = o->catalogue.customers[s->customer].country;
    } else if (random_chance(&o->random, 1, 12)) {
        s->country = 1 + popularity_draw(&o->catalogue.country_popularity, &o->random);
    }
}

static void invoice_end(struct orders *o)
{
    order_truth_invoice_end(&o->truth);
    o->invoice++;
}

/* A product that this invoice has not had yet. */
static int product_new(struct orders *o)
{
    int product = popularity_draw(&o->catalogue.product_popularity, &o->random);
    while (o->product_invoice[product] == o->invoice) product = (product + 1) % CATALOGUE_PRODUCTS;
    o->product_invoice[product] = o->invoice;
    return product;
}

static int product_with_variant(struct orders *o)
{
    int product = product_new(o);
    while (!o->catalogue.products[product].variant[0]) product = product_new(o);
    return product;
}

static int64_t quantity_draw(struct orders *o)
{
    static const uint8_t often[] = {1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 4, 6, 6, 8, 10, 12, 12, 12, 24, 24, 25, 36, 48, 96};
    return often[random_below(&o->random, sizeof often)];
}

/* At most one kind of dirt for a row; a kind that has to wait stays due. Now and then the clock goes
 * on within an invoice. */
static void ordinary_line(struct orders *o, struct invoice *v)
{
    if (random_chance(&o->random, 1, 4000)) v->sale.second = second_of_day(o);
    struct sale s = v->sale;
    struct due *due = o->due;
    const struct product *p;
    const char *code = NULL;
    int bad_date = 0;
    s.quantity = quantity_draw(o);
    s.product = product_new(o);
    p = &o->catalogue.products[s.product];
    s.price_thousandths = s.customer < 0 ? p->price_thousandths * 5 / 3 / 10 * 10 : p->price_thousandths;
    if (due_take(&due[DIRT_OTHER_CASE], &o->random, o->row)) {
        s.product = product_with_variant(o);
        code = o->catalogue.products[s.product].variant;
    } else if (due_take(&due[DIRT_FREE], &o->random, o->row)) {
        s.price_thousandths = 0;
        s.bucket = BUCKET_PRICE_NOT_POSITIVE;
    } else if (due_take(&due[DIRT_NEGATIVE_PRICE], &o->random, o->row)) {
        s.price_thousandths = -s.price_thousandths;
        s.bucket = BUCKET_PRICE_NOT_POSITIVE;
    } else if (due_take(&due[DIRT_ZERO_QUANTITY], &o->random, o->row)) {
        s.quantity = 0;
        s.bucket = BUCKET_QUANTITY_NOT_POSITIVE;
    } else if (due_take(&due[DIRT_BAD_DATE], &o->random, o->row)) {
        bad_date = 1 + (int)random_below(&o->random, 4);
        s.bucket = BUCKET_BAD_DATE;
    } else if (o->product_invoice[o->catalogue.voucher] != o->invoice &&
               due_take(&due[DIRT_POUND], &o->random, o->row)) {
        s.product = o->catalogue.voucher;
        o->product_invoice[s.product] = o->invoice;
    } else if (due_take(&due[DIRT_FINE_PRICE], &o->random, o->row)) {
        s.price_thousandths += 1 + (int64_t)random_below(&o->random, 9);
    } else if (due_take(&due[DIRT_HUGE], &o->random, o->row)) {
        s.quantity = 10000 + (int64_t)random_below(&o->random, 70000);
    }
    p = &o->catalogue.products[s.product];
    write_row(o, v, &s, code ? code : p->code, p->csv, bad_date);
}

static void ordinary_invoice(struct orders *o)
{
    struct invoice v;
    uint64_t lines = 1 + random_below(&o->random, 12) * random_below(&o->random, 8);
    invoice_begin(o, &v, "", false);
    while (lines-- > 0 && o->row < o->day_to) ordinary_line(o, &v);
    invoice_end(o);
}

static void cancelled_invoice(struct orders *o)
{
    struct invoice v;
    uint64_t lines = 1 + random_below(&o->random, 4) / 2;
    invoice_begin(o, &v, "C", false);
    v.sale.bucket = BUCKET_CANCELLATION;
    while (lines-- > 0 && o->row < o->day_to) {
        struct sale s = v.sale;
        s.product = product_new(o);
        s.quantity = -quantity_draw(o);
        s.price_thousandths = o->catalogue.products[s.product].price_thousandths;
        write_row(o, &v, &s, o->catalogue.products[s.product].code, o->catalogue.products[s.product].csv, 0);
    }
    invoice_end(o);
}

static void adjustment(struct orders *o)
{
    struct invoice v;
    invoice_begin(o, &v, "A", true);
    struct sale s = v.sale;
    s.bucket = BUCKET_NON_SALE_INVOICE;
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
    s.quantity = -quantity_draw(o);
    const char *note = notes[random_below(&o->random, sizeof notes / sizeof notes[0])];
    char quoted[64];
    snprintf(quoted, sizeof quoted, strchr(note, ',') ? "\"%s\"" : "%s", note);
    write_row(o, &v, &s, o->catalogue.products[s.product].code, slice_str(quoted), 0);
    invoice_end(o);
}

static void replay(struct orders *o)
{
    uint64_t kept = o->replays < REPLAY_SLOTS ? o->replays : REPLAY_SLOTS;
    const struct replay *slot = &o->replay[random_below(&o->random, kept)];
    struct sale s = {.day = o->day};
    if (slot->n > 0) write_duplicate(o, &s, slot->text, slot->n);
}

static void next_invoice(struct orders *o)
{
    struct due *due = o->due;
    if (o->replays > 0 && due_take(&due[DIRT_REPLAY], &o->random, o->row))
        replay(o);
    else if (due_take(&due[DIRT_CANCELLATION], &o->random, o->row))
        cancelled_invoice(o);
    else if (due_take(&due[DIRT_WRITE_OFF], &o->random, o->row))
        write_off(o);
    else if (due_take(&due[DIRT_ADJUSTMENT], &o->random, o->row))
        adjustment(o);
    else
        ordinary_invoice(o);
}

/* --- days --- */

static void one_day(struct orders *o, int64_t day, uint64_t rows)
{
    char name[32];
    int64_t year;
    int month, day_of_month;
    civil_from_days(day, &year, &month, &day_of_month);
    snprintf(o->date, sizeof o->date, "%04d-%02d-%02d", (int)(year % 10000), month, day_of_month);
    snprintf(name, sizeof name, "%s.csv", o->date);
    o->day = day;
    o->day_from = o->row;
    o->day_to = o->row + rows;
    out_file_open(&o->out, name);
    buf_append_str(&o->out.pending, HEADER);
    while (o->row < o->day_to && !o->out.error) next_invoice(o);
    out_file_close(&o->out);
    order_truth_day_end(&o->truth);
}

static bool is_saturday(int64_t day)
{
    return day % 7 == 2;
} /* 1970-01-01 was a Thursday */

static int64_t day_after(int64_t day)
{
    return is_saturday(day + 1) ? day + 2 : day + 1;
}

/* Days differ: a weight between 60 and 140 for each, and the rows follow the running sum of them. */
static void all_days(struct orders *o, uint64_t days)
{
    uint64_t sum = 0, so_far = 0;
    uint8_t *weight = memory_new(days);
    for (uint64_t i = 0; i < days; i++) sum += weight[i] = (uint8_t)(60 + random_below(&o->random, 81));
    int64_t day = FIRST_DAY;
    for (uint64_t i = 0; i < days && !o->out.error; i++, day = day_after(day)) {
        so_far += weight[i];
        uint64_t until = (uint64_t)((unsigned __int128)o->total * so_far / sum);
        one_day(o, day, until - o->row);
    }
    free(weight);
}

static bool is_input(const char *name)
{
    size_t n = strlen(name);
    return n == 14 && strcmp(name + 10, ".csv") == 0 && name[4] == '-' && name[7] == '-';
}

static const char rules[] =
    "# Ground truth of generated order lines\n"
    "Written by `millrace generate ecommerce` while it made the rows. The rules are those of the real data set:\n"
    "each data row goes to the first bucket that fits: duplicate (all 8 raw fields equal to an earlier row),\n"
    "bad_date (not `YYYY-MM-DD HH:MM:SS`), cancellation (invoice `C...`), non_sale_invoice (invoice not all digits),\n"
    "quantity_not_positive, price_not_positive, valid. A missing customer does not make a row invalid.\n"
    "Revenue = quantity x unit price, exact in thousandths. Stock codes are upper-cased before grouping.\n"
    "Ties in a top-10 go to the smaller stock code. first_description is information only.\n";

static int run(struct orders *o, struct disk *disk, struct err_text *error)
{
    uint64_t days = (o->total + ROWS_PER_DAY - 1) / ROWS_PER_DAY;
    if (days < DAYS_MIN) days = DAYS_MIN;
    int64_t last = FIRST_DAY + (int64_t)days * 7 / 6 + 7;
    out_file_init(&o->out, disk, error);
    out_file_open(&o->out, "ground_truth/RULES.md"); /* first: it marks the folder as ours */
    buf_append_str(&o->out.pending, rules);
    out_file_close(&o->out);
    o->out.bytes = 0;
    o->out.files = 0;
    order_truth_init(&o->truth, &o->catalogue, disk, FIRST_DAY, last, error);
    all_days(o, days);
    int rc = order_truth_finish(&o->truth, disk, error);
    if (o->out.error) rc = o->out.error;
    order_truth_release(&o->truth);
    out_file_release(&o->out);
    return rc;
}

int generate_ecommerce(const struct generate_options *options, struct generate_result *result, struct err_text *error)
{
    struct disk *disk;
    if (dirt_rates_resolve(&options->dirt, NULL, 0, NULL, error) < 0) return ERR_NOTFOUND;
    if (options->scale < GENERATE_SCALE_MIN || options->scale > GENERATE_SCALE_MAX)
        return err_set(error, ERR_RANGE, "scale: must be between 0.001 and 1000");
    int rc = out_folder_open(options->out, is_input, &disk, error);
    if (rc < 0) return rc;
    struct orders *o = memory_new(sizeof *o);
    o->options = options;
    o->total = (uint64_t)options->scale;
    o->invoice = FIRST_INVOICE;
    random_seed(&o->random, options->seed);
    catalogue_init(&o->catalogue, &o->random);
    for (int i = 0; i < DIRT_COUNT; i++) due_init(&o->due[i], &o->random, dirt_interval[i], o->total);
    rc = run(o, disk, error);
    if (result) *result = (struct generate_result){o->row, o->out.bytes, o->out.files};
    catalogue_release(&o->catalogue);
    free(o);
    disk_linux_free(disk);
    return rc;
}

const struct generator ecommerce_generator = {
    "ecommerce", "order lines in the layout of Online Retail, a CSV file per trading day", NULL, 0, generate_ecommerce,
};
