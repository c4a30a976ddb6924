#include "workloads/ecommerce/order_truth.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/text.h"

static const char *const bucket_names[BUCKET_COUNT] = {
    [BUCKET_DUPLICATE] = "duplicate",
    [BUCKET_BAD_DATE] = "bad_date",
    [BUCKET_CANCELLATION] = "cancellation",
    [BUCKET_NON_SALE_INVOICE] = "non_sale_invoice",
    [BUCKET_QUANTITY_NOT_POSITIVE] = "quantity_not_positive",
    [BUCKET_PRICE_NOT_POSITIVE] = "price_not_positive",
    [BUCKET_VALID] = "valid",
};

static int month_of(int64_t day)
{
    int64_t year;
    int month, day_of_month;
    civil_from_days(day, &year, &month, &day_of_month);
    return (int)(year * 12 + month - 1);
}

void order_truth_init(struct order_truth *t, const struct catalogue *c, struct disk *disk, int64_t days_first,
                      int64_t days_last, struct err_text *why)
{
    memset(t, 0, sizeof *t);
    t->catalogue = c;
    t->month_first = month_of(days_first);
    t->months = month_of(days_last) - t->month_first + 1;
    t->month = memory_new((size_t)t->months * CATALOGUE_COUNTRIES * sizeof *t->month);
    t->cancelled = memory_new((size_t)t->months * sizeof *t->cancelled);
    t->hour_number = -1;
    for (int i = 0; i < CATALOGUE_CUSTOMERS; i++)
        t->customer[i] = (struct customer_truth){.first = -1, .month_seen = -1};
    out_file_init(&t->days, disk, why);
    out_file_init(&t->by_hour, disk, why);
    out_file_open(&t->days, "ground_truth/daily.csv");
    out_file_open(&t->by_hour, "ground_truth/revenue_by_hour.csv");
    buf_append_str(&t->days.pending, "day,valid_lines,invoices,quantity,revenue\n");
    buf_append_str(&t->by_hour.pending, "hour_start,valid_lines,revenue\n");
}

void order_truth_release(struct order_truth *t)
{
    out_file_release(&t->days);
    out_file_release(&t->by_hour);
    free(t->month);
    free(t->cancelled);
}

static void put_day(struct buf *b, int64_t day)
{
    int64_t year;
    int month, day_of_month;
    civil_from_days(day, &year, &month, &day_of_month);
    buf_printf(b, "%04d-%02d-%02d", (int)year, month, day_of_month);
}

static void put_month(struct buf *b, int month)
{
    buf_printf(b, "%04d-%02d", month / 12, month % 12 + 1);
}

static void put_money(struct buf *b, char before, int64_t thousandths, const char *after)
{
    buf_append_byte(b, (uint8_t)before);
    text_from_decimal(thousandths, 3, b);
    buf_append_str(b, after);
}

static void tally_add(struct tally *t, const struct sale *s)
{
    t->lines++;
    t->quantity += s->quantity;
    t->value += s->quantity * s->price_thousandths;
}

static void hour_end(struct order_truth *t)
{
    struct buf *b = &t->by_hour.pending;
    if (t->hour.lines == 0) return;
    put_day(b, t->hour_number / 24);
    buf_printf(b, " %02d:00:00,%llu", (int)(t->hour_number % 24), (unsigned long long)t->hour.lines);
    put_money(b, ',', t->hour.value, "\n");
    out_file_flush_when_full(&t->by_hour);
    t->hours++;
    t->hour = (struct tally){0};
}

static void customer_line(struct order_truth *t, const struct sale *s, struct tally *month, int month_index)
{
    struct customer_truth *c = &t->customer[s->customer];
    int64_t at = s->day * 86400 + s->second;
    if (c->first < 0) c->first = at;
    if (at > c->last) c->last = at;
    c->value += s->quantity * s->price_thousandths;
    if (c->month_seen != month_index) month->customers++;
    c->month_seen = month_index;
    tally_add(&t->with_customer, s);
}

static void valid_line(struct order_truth *t, const struct sale *s)
{
    int64_t hour = s->day * 24 + s->second / 3600;
    assert(hour >= t->hour_number);
    if (hour != t->hour_number) hour_end(t);
    t->hour_number = hour;
    int month_index = month_of(s->day) - t->month_first;
    struct tally *month = &t->month[month_index * CATALOGUE_COUNTRIES + s->country];
    tally_add(&t->hour, s);
    tally_add(&t->day, s);
    tally_add(month, s);
    tally_add(&t->total, s);
    tally_add(&t->stock[s->product], s);
    if (s->customer >= 0) customer_line(t, s, month, month_index);
}

void order_truth_line(struct order_truth *t, const struct sale *s)
{
    t->bucket[s->bucket]++;
    t->day_number = s->day;
    if (s->bucket == BUCKET_VALID) valid_line(t, s);
    if (s->bucket == BUCKET_CANCELLATION) tally_add(&t->cancelled[month_of(s->day) - t->month_first], s);
    if (s->bucket != BUCKET_VALID && s->bucket != BUCKET_CANCELLATION) return;
    t->invoice.lines++;
    t->invoice_sale = *s;
}

void order_truth_invoice_end(struct order_truth *t)
{
    const struct sale *s = &t->invoice_sale;
    if (t->invoice.lines == 0) return;
    int month_index = month_of(s->day) - t->month_first;
    if (s->bucket == BUCKET_CANCELLATION) {
        t->cancelled[month_index].invoices++;
    } else {
        t->total.invoices++;
        t->day.invoices++;
        t->month[month_index * CATALOGUE_COUNTRIES + s->country].invoices++;
        if (s->customer >= 0) t->customer[s->customer].invoices++;
    }
    t->invoice = (struct tally){0};
}

void order_truth_day_end(struct order_truth *t)
{
    struct buf *b = &t->days.pending;
    hour_end(t);
    if (t->day.lines > 0) {
        put_day(b, t->day_number);
        buf_printf(b, ",%llu,%llu,%lld", (unsigned long long)t->day.lines, (unsigned long long)t->day.invoices,
                   (long long)t->day.quantity);
        put_money(b, ',', t->day.value, "\n");
        out_file_flush_when_full(&t->days);
    }
    t->day = (struct tally){0};
}

/* --- the files that are written at the end --- */

static void write_cancellations(struct order_truth *t, struct buf *b)
{
    buf_append_str(b, "month,cancel_lines,cancel_invoices,quantity,value\n");
    for (int m = 0; m < t->months; m++) {
        const struct tally *c = &t->cancelled[m];
        if (c->lines == 0) continue;
        put_month(b, t->month_first + m);
        buf_printf(b, ",%llu,%llu,%lld", (unsigned long long)c->lines, (unsigned long long)c->invoices,
                   (long long)c->quantity);
        put_money(b, ',', c->value, "\n");
    }
}

static void put_instant(struct buf *b, int64_t at)
{
    put_day(b, at / 86400);
    buf_printf(b, " %02d:%02d:%02d", (int)(at % 86400 / 3600), (int)(at % 3600 / 60), (int)(at % 60));
}

static void write_customers(struct order_truth *t, struct buf *b)
{
    buf_append_str(b, "customer_id,first_purchase,last_purchase,invoices,revenue\n");
    for (int i = 0; i < CATALOGUE_CUSTOMERS; i++) {
        const struct customer_truth *c = &t->customer[i];
        if (c->first < 0) continue;
        buf_printf(b, "%d,", CATALOGUE_FIRST_CUSTOMER + i);
        put_instant(b, c->first);
        buf_append_byte(b, ',');
        put_instant(b, c->last);
        buf_printf(b, ",%llu", (unsigned long long)c->invoices);
        put_money(b, ',', c->value, "\n");
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(catalogue_country(*(const int *)a), catalogue_country(*(const int *)b));
}

static void write_countries(struct order_truth *t, struct buf *b)
{
    int order[CATALOGUE_COUNTRIES];
    for (int i = 0; i < CATALOGUE_COUNTRIES; i++) order[i] = i;
    qsort(order, CATALOGUE_COUNTRIES, sizeof order[0], by_name);
    buf_append_str(b, "country,month,valid_lines,invoices,quantity,customers,revenue\n");
    for (int i = 0; i < CATALOGUE_COUNTRIES; i++) {
        for (int m = 0; m < t->months; m++) {
            const struct tally *c = &t->month[m * CATALOGUE_COUNTRIES + order[i]];
            if (c->lines == 0) continue;
            buf_printf(b, "%s,", catalogue_country(order[i]));
            put_month(b, t->month_first + m);
            buf_printf(b, ",%llu,%llu,%lld,%llu", (unsigned long long)c->lines, (unsigned long long)c->invoices,
                       (long long)c->quantity, (unsigned long long)c->customers);
            put_money(b, ',', c->value, "\n");
        }
    }
}

static bool better(const struct order_truth *t, int a, int b, bool by_value)
{
    int64_t left = by_value ? t->stock[a].value : t->stock[a].quantity;
    int64_t right = by_value ? t->stock[b].value : t->stock[b].quantity;
    return left != right ? left > right : strcmp(t->catalogue->products[a].upper, t->catalogue->products[b].upper) < 0;
}

static struct slice trimmed(const char *text)
{
    struct slice s = slice_str(text);
    while (s.n && s.p[0] == ' ') s = slice_of(s.p + 1, s.n - 1);
    while (s.n && s.p[s.n - 1] == ' ') s.n--;
    return s;
}

static void write_top(struct order_truth *t, struct buf *b, bool by_value)
{
    int best[10], count = 0;
    for (int i = 0; i < CATALOGUE_PRODUCTS; i++) {
        if (t->stock[i].lines == 0) continue;
        int at = count < 10 ? count++ : 10;
        for (; at > 0 && better(t, i, best[at - 1], by_value); at--) {
            if (at < 10) best[at] = best[at - 1];
        }
        if (at < 10) best[at] = i;
    }
    buf_append_str(b, "rank,stock_code_upper,first_description,valid_lines,quantity,revenue\n");
    for (int i = 0; i < count; i++) {
        const struct tally *s = &t->stock[best[i]];
        buf_printf(b, "%d,%s,", i + 1, t->catalogue->products[best[i]].upper);
        out_csv_field(b, trimmed(t->catalogue->products[best[i]].description));
        buf_printf(b, ",%llu,%lld", (unsigned long long)s->lines, (long long)s->quantity);
        put_money(b, ',', s->value, "\n");
    }
}

static void write_top_by_value(struct order_truth *t, struct buf *b)
{
    write_top(t, b, true);
}
static void write_top_by_quantity(struct order_truth *t, struct buf *b)
{
    write_top(t, b, false);
}

static void json_count(struct buf *b, const char *key, uint64_t value)
{
    buf_printf(b, ",\n \"%s\": %llu", key, (unsigned long long)value);
}

static void json_money(struct buf *b, const char *key, int64_t value)
{
    buf_printf(b, ",\n \"%s\": ", key);
    put_money(b, '"', value, "\"");
}

static void summary_rejects(const struct order_truth *t, struct buf *b)
{
    const char *comma = "";
    buf_append_str(b, ",\n \"rejected_by_first_failing_rule\": {");
    for (int i = 0; i < BUCKET_VALID; i++) {
        if (t->bucket[i] == 0) continue;
        buf_printf(b, "%s\n  \"%s\": %llu", comma, bucket_names[i], (unsigned long long)t->bucket[i]);
        comma = ",";
    }
    buf_append_str(b, "\n }");
}

static void write_summary(struct order_truth *t, struct buf *b)
{
    uint64_t rows = 0, customers = 0, codes = 0, country_months = 0;
    for (int i = 0; i < BUCKET_COUNT; i++) rows += t->bucket[i];
    for (int i = 0; i < CATALOGUE_CUSTOMERS; i++) customers += t->customer[i].first >= 0;
    for (int i = 0; i < CATALOGUE_PRODUCTS; i++) codes += t->stock[i].lines > 0;
    for (int i = 0; i < t->months * CATALOGUE_COUNTRIES; i++) country_months += t->month[i].lines > 0;
    buf_append_str(b, "{\n \"source\": \"millrace generate ecommerce\"");
    json_count(b, "data_rows", rows);
    json_count(b, "exact_duplicate_rows_dropped", t->bucket[BUCKET_DUPLICATE]);
    summary_rejects(t, b);
    json_count(b, "valid_lines", t->total.lines);
    json_count(b, "valid_lines_with_customer", t->with_customer.lines);
    json_money(b, "revenue", t->total.value);
    json_money(b, "revenue_with_customer", t->with_customer.value);
    buf_printf(b, ",\n \"quantity\": %lld", (long long)t->total.quantity);
    json_count(b, "distinct_valid_invoices", t->total.invoices);
    json_count(b, "distinct_valid_customers", customers);
    json_count(b, "distinct_stock_codes_upper", codes);
    json_count(b, "country_months", country_months);
    json_count(b, "hours_with_sales", t->hours);
    buf_append_str(b, "\n}\n");
}

int order_truth_finish(struct order_truth *t, struct disk *disk, struct err_text *why)
{
    static const struct {
        const char *name;
        void (*write)(struct order_truth *t, struct buf *b);
    } files[] = {{"ground_truth/cancellations_by_month.csv", write_cancellations},
                 {"ground_truth/customers.csv", write_customers},
                 {"ground_truth/revenue_by_country_month.csv", write_countries},
                 {"ground_truth/top10_products_by_quantity.csv", write_top_by_quantity},
                 {"ground_truth/top10_products_by_revenue.csv", write_top_by_value},
                 {"ground_truth/summary.json", write_summary}};
    struct out_file out;
    out_file_close(&t->days);
    out_file_close(&t->by_hour);
    out_file_init(&out, disk, why);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        out_file_open(&out, files[i].name);
        files[i].write(t, &out.pending);
        out_file_close(&out);
    }
    int error = t->days.error ? t->days.error : t->by_hour.error ? t->by_hour.error : out.error;
    out_file_release(&out);
    return error;
}
