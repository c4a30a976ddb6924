/* branch.c - order lines of two branches, in the layout of Online Retail but in dialects of their own.
 *
 *     branch_eu-2010-12-01.csv   windows-1252, semicolons, day first, decimal commas, euros, Italian titles
 *         NumeroDocumento;CodiceArticolo;Descrizione;Quantità;Data;PrezzoUnitario;CodiceCliente;Paese
 *         IT-0000123;85123A;CREAM TIN;6;01/12/2010 08:26;3,01 €;C000123;Österreich
 *     branch_us-2010-12-01.csv   UTF-8 with a byte order mark, month first, twelve hours, dollars, US titles
 *         Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country
 *         US-0000123,85123A,CREAM TIN,6,12/1/2010 8:26 AM,"$1,249.50",17850,USA
 *
 * Receipts have few lines, and most buyers are nobody in particular. */
#include "workloads/ecommerce/shop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "workloads/out_time.h"

enum { ROW_MAX = 512 };

struct branch {
    struct shop *shop;
    struct random random;
    struct shop_due due;
    struct out_file out;
    enum channel channel;
    int country[8]; /* where its buyers are from */
    uint64_t row, total, receipt;
    uint64_t day_from, day_to;
    char date[16];
};

/* As the branch writes them: the Italian one in windows-1252 and everybody's own language. */
static const struct {
    const char *country, *text;
} abroad[CHANNELS][8] = {
    [CHANNEL_EU] = {{"Italy", "Italia"},
                    {"Italy", "Italia"},
                    {"Italy", "ITALIA"},
                    {"Germany", "Deutschland"},
                    {"Austria", "\xd6sterreich"},
                    {"Spain", "Espa\xf1"
                              "a"},
                    {"France", "Francia"},
                    {"Switzerland", "Svizzera"}},
    [CHANNEL_US] = {{"USA", "USA"},
                    {"USA", "USA"},
                    {"USA", "United States"},
                    {"USA", "US"},
                    {"Canada", "Canada"},
                    {"USA", "U.S.A."},
                    {"Brazil", "Brazil"},
                    {"Japan", "Japan"}},
};

struct line {
    char number[24];
    struct sale sale;
    int origin; /* in `abroad` */
    bool has_customer;
    int64_t customer;
    const char *code;
    bool bad_date, malformed, bad_bytes;
};

/* --- text --- */

/* 1249500 as 1.249,50 or 1,249.50. */
static void put_grouped(struct buf *b, int64_t thousandths, char group, char point)
{
    uint64_t value = (uint64_t)thousandths / 10, whole = value / 100;
    if (whole >= 1000000) {
        out_number(b, whole / 1000000);
        buf_printf(b, "%c%03u%c%03u", group, (unsigned)(whole / 1000 % 1000), group, (unsigned)(whole % 1000));
    } else if (whole >= 1000) {
        out_number(b, whole / 1000);
        buf_printf(b, "%c%03u", group, (unsigned)(whole % 1000));
    } else {
        out_number(b, whole);
    }
    buf_append_byte(b, (uint8_t)point);
    buf_append_byte(b, (uint8_t)('0' + value / 10 % 10));
    buf_append_byte(b, (uint8_t)('0' + value % 10));
}

static void put_price(struct buf *b, enum channel channel, int64_t price)
{
    bool negative = price < 0;
    int64_t size = negative ? -price : price;
    if (channel == CHANNEL_EU) {
        if (negative) buf_append_byte(b, '-');
        put_grouped(b, size, '.', ',');
        buf_append_str(b, " \x80");
        return;
    }
    bool quote = size >= 1000000;
    if (quote) buf_append_byte(b, '"');
    if (negative) buf_append_byte(b, '-');
    buf_append_byte(b, '$');
    put_grouped(b, size, ',', '.');
    if (quote) buf_append_byte(b, '"');
}

/* 31/12/2010 08:26 */
static void put_day_first(const char *date, struct buf *b, int hour, int minute)
{
    buf_append(b, date + 8, 2);
    buf_append_byte(b, '/');
    buf_append(b, date + 5, 2);
    buf_append_byte(b, '/');
    buf_append(b, date, 4);
    buf_append_byte(b, ' ');
    out_two(b, hour);
    buf_append_byte(b, ':');
    out_two(b, minute);
}

/* 12/1/2010 8:26 AM */
static void put_month_first(const char *date, struct buf *b, int hour, int minute)
{
    out_number(b, (uint64_t)atoi(date + 5));
    buf_append_byte(b, '/');
    out_number(b, (uint64_t)atoi(date + 8));
    buf_append_byte(b, '/');
    buf_append(b, date, 4);
    buf_append_byte(b, ' ');
    out_number(b, (uint64_t)((hour + 11) % 12 + 1));
    buf_append_byte(b, ':');
    out_two(b, minute);
    buf_append_str(b, hour < 12 ? " AM" : " PM");
}

static void put_date(const struct branch *br, struct buf *b, const struct line *l)
{
    int hour = l->sale.second / 3600, minute = l->sale.second / 60 % 60;
    if (br->channel == CHANNEL_EU && l->bad_date)
        buf_append_str(b, br->row % 2 ? "31/02/2011 10:00" : "n.d.");
    else if (br->channel == CHANNEL_EU)
        put_day_first(br->date, b, hour, minute);
    else if (l->bad_date)
        buf_append_str(b, br->row % 2 ? "13/31/2010 9:15 AM" : "TBD");
    else
        put_month_first(br->date, b, hour, minute);
}

/* The only letters of the catalogue that are not ASCII are two bytes in UTF-8 and one in windows-1252. */
static void put_description(const struct branch *br, struct buf *b, const struct line *l)
{
    struct slice text = br->shop->catalogue.products[l->sale.product].csv;
    if (l->bad_bytes) buf_append_byte(b, br->channel == CHANNEL_EU ? 0x81 : 0xe9);
    for (size_t i = 0; i < text.n; i++) {
        uint8_t byte = text.p[i];
        if (br->channel == CHANNEL_EU && byte >= 0xc2 && i + 1 < text.n)
            byte = (uint8_t)(((byte & 3) << 6) | (text.p[++i] & 0x3f));
        buf_append_byte(b, byte);
    }
}

static void put_line(struct branch *br, struct buf *b, const struct line *l)
{
    uint8_t between = br->channel == CHANNEL_EU ? ';' : ',';
    buf_append_str(b, l->number);
    buf_append_byte(b, between);
    buf_append_str(b, l->code);
    if (l->malformed) {
        buf_append_byte(b, '\n');
        return;
    }
    buf_append_byte(b, between);
    put_description(br, b, l);
    buf_append_byte(b, between);
    if (l->sale.quantity < 0) buf_append_byte(b, '-');
    out_number(b, (uint64_t)(l->sale.quantity < 0 ? -l->sale.quantity : l->sale.quantity));
    buf_append_byte(b, between);
    put_date(br, b, l);
    buf_append_byte(b, between);
    put_price(b, br->channel, l->sale.price_thousandths);
    buf_append_byte(b, between);
    if (l->has_customer && br->channel == CHANNEL_EU)
        buf_printf(b, "C%06d", (int)l->customer);
    else if (l->has_customer)
        out_number(b, (uint64_t)l->customer);
    buf_append_byte(b, between);
    buf_append_str(b, abroad[br->channel][l->origin].text);
    buf_append_byte(b, '\n');
}

/* --- one receipt --- */

static void row_done(struct branch *br, enum verdict verdict, const struct sale *s)
{
    shop_truth_line(&br->shop->truth, br->channel, verdict, s);
    br->row++;
    br->shop->branch_rows++;
    out_file_flush_when_full(&br->out);
}

/* At most one kind of dirt; what the row's first failing rule will be. */
static enum verdict soil(struct branch *br, struct line *l)
{
    struct sale *s = &l->sale;
    const struct product *p = &br->shop->catalogue.products[s->product];
    if (shop_due(&br->due, DIRT_MALFORMED)) {
        l->malformed = true;
        return VERDICT_FORMAT;
    }
    if (shop_due(&br->due, DIRT_BAD_BYTES)) {
        l->bad_bytes = true;
        return VERDICT_FORMAT;
    }
    if (shop_due(&br->due, DIRT_BAD_DATE)) {
        l->bad_date = true;
        return VERDICT_BAD_DATE;
    }
    if (shop_due(&br->due, DIRT_NEGATIVE_QUANTITY)) {
        s->quantity = -s->quantity;
        return VERDICT_QUANTITY;
    }
    if (shop_due(&br->due, DIRT_ZERO_QUANTITY)) {
        s->quantity = 0;
        return VERDICT_QUANTITY;
    }
    if (shop_due(&br->due, DIRT_FREE)) {
        s->price_thousandths = 0;
        return VERDICT_PRICE;
    }
    if (shop_due(&br->due, DIRT_NEGATIVE_PRICE)) {
        s->price_thousandths = -s->price_thousandths;
        return VERDICT_PRICE;
    }
    if (p->variant[0] && shop_due(&br->due, DIRT_OTHER_CASE)) l->code = p->variant;
    return VERDICT_ACCEPTED;
}

static uint64_t one_line(struct branch *br, struct line *l)
{
    struct buf *b = &br->out.pending;
    uint8_t again[ROW_MAX];
    const struct product *p = &br->shop->catalogue.products[l->sale.product];
    l->code = p->code;
    l->bad_date = l->malformed = l->bad_bytes = false;
    l->sale.quantity = 1 + (int64_t)(random_below(&br->random, 8) / 3);
    int64_t rate = br->channel == CHANNEL_EU ? 118 : 157;
    l->sale.price_thousandths = (p->price_thousandths * rate / 100 + 9) / 10 * 10;
    enum verdict verdict = soil(br, l);
    size_t from = b->n;
    put_line(br, b, l);
    size_t n = b->n - from;
    bool repeat = verdict == VERDICT_ACCEPTED && br->row + 1 < br->day_to && shop_due(&br->due, DIRT_REPEAT);
    if (repeat) memcpy(again, b->p + from, n < ROW_MAX ? n : ROW_MAX);
    row_done(br, verdict, &l->sale);
    if (repeat && n <= ROW_MAX) {
        buf_append(&br->out.pending, again, n);
        row_done(br, VERDICT_DUPLICATE, &l->sale);
    }
    return verdict == VERDICT_ACCEPTED;
}

static void receipt(struct branch *br)
{
    struct line l = {0};
    uint64_t accepted = 0;
    int seen[5];
    int lines = 1 + (int)random_below(&br->random, 5);
    snprintf(l.number, sizeof l.number, "%s-%07llu", br->channel == CHANNEL_EU ? "IT" : "US",
             (unsigned long long)++br->receipt);
    l.sale.customer = -1;
    l.sale.second = shop_second_of_day(br->row - br->day_from, br->day_to - br->day_from);
    l.origin = (int)random_below(&br->random, 8);
    l.sale.country = br->country[l.origin];
    l.has_customer = random_chance(&br->random, 2, 5);
    if (l.has_customer && br->channel == CHANNEL_EU)
        l.customer = l.sale.legacy = 1 + (int)random_below(&br->random, CATALOGUE_LEGACY_CUSTOMERS);
    else if (l.has_customer) {
        l.sale.customer = popularity_draw(&br->shop->catalogue.customer_popularity, &br->random);
        l.customer = CATALOGUE_FIRST_CUSTOMER + l.sale.customer;
    }
    for (int i = 0; i < lines && br->row < br->day_to; i++) {
        int product = popularity_draw(&br->shop->catalogue.product_popularity, &br->random);
        for (int k = 0; k < i; k++) { /* none twice in a receipt */
            if (seen[k] != product) continue;
            product = (product + 1) % CATALOGUE_PRODUCTS;
            k = -1;
        }
        seen[i] = l.sale.product = product;
        accepted += one_line(br, &l);
    }
    shop_truth_receipt_end(&br->shop->truth, br->channel, accepted);
}

/* --- days --- */

static void put_titles(struct branch *br)
{
    buf_append_str(
        &br->out.pending,
        br->channel == CHANNEL_EU
            ? "NumeroDocumento;CodiceArticolo;Descrizione;Quantit\xe0;Data;PrezzoUnitario;CodiceCliente;Paese\n"
            : "\xef\xbb\xbfInvoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n");
}

void branch_day(struct branch *br, int64_t day, uint64_t until)
{
    char name[48], copy[48];
    const char *prefix = br->channel == CHANNEL_EU ? "branch_eu" : "branch_us";
    shop_date(day, br->date);
    snprintf(name, sizeof name, "%s-%s.csv", prefix, br->date);
    snprintf(copy, sizeof copy, "%s-%s_copy.csv", prefix, br->date);
    br->day_from = br->row;
    br->day_to = until;
    out_file_open(&br->out, name);
    put_titles(br);
    while (br->row < br->day_to && !br->out.error) receipt(br);
    out_file_close(&br->out);
    if (shop_due(&br->due, DIRT_IDENTICAL_FILE)) out_file_copy(&br->out, name, copy);
}

struct branch *branch_new(struct shop *s, enum channel channel, uint64_t total)
{
    struct branch *br = memory_new(sizeof *br);
    br->shop = s;
    br->channel = channel;
    br->total = total;
    for (int i = 0; i < 8; i++) br->country[i] = catalogue_country_find(abroad[channel][i].country);
    shop_random(&br->random, s, 10 + (uint64_t)channel);
    shop_due_init(&br->due, s, &br->random, total);
    out_file_init(&br->out, s->disk, s->error);
    return br;
}

void branch_free(struct branch *br)
{
    if (!br) return;
    out_file_release(&br->out);
    free(br);
}

int branch_finish(struct branch *br)
{
    br->shop->static_bytes += br->out.bytes;
    br->shop->static_files += br->out.files;
    return br->out.error;
}
