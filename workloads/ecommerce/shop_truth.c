#include "workloads/ecommerce/shop_truth.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "workloads/out_time.h"
#include "workloads/truth.h"

static const char *const channel_names[CHANNELS] = {"web", "branch_eu", "branch_us"};
static const char *const currencies[CHANNELS] = {"GBP", "EUR", "USD"};

static const char *feed_name(int feed)
{
    static const char *const names[] = {"orders",           "branch_eu", "branch_us", "customers",
                                        "legacy_customers", "nations",   "products",  "inventory"};
    return feed < MESSAGE_KINDS ? message_kind_name(feed) : names[feed - FEED_ORDERS];
}

static const char *const verdict_names[VERDICTS] = {
    [VERDICT_ACCEPTED] = "accepted",
    [VERDICT_FORMAT] = "format",
    [VERDICT_DUPLICATE] = "duplicate",
    [VERDICT_BAD_DATE] = "bad_date",
    [VERDICT_CANCELLATION] = "cancellation",
    [VERDICT_NON_SALE_INVOICE] = "non_sale_invoice",
    [VERDICT_QUANTITY] = "quantity_not_positive",
    [VERDICT_PRICE] = "price_not_positive",
    [VERDICT_NO_REFERENCE] = "no_reference",
    [VERDICT_BAD_AMOUNT] = "bad_amount",
};

void shop_truth_init(struct shop_truth *t, const struct catalogue *c, struct disk *disk, struct err_text *why)
{
    memset(t, 0, sizeof *t);
    t->catalogue = c;
    t->day_now = -1;
    const struct {
        struct out_file *out;
        const char *name, *header;
    } files[] = {
        {&t->by_day, "revenue_by_day.csv", "day,channel,currency,lines,invoices,quantity,revenue\n"},
        {&t->order_states, "order_states.csv",
         "invoice,customer,country,day,lines,value,attempts,payment,paid,refunded,shipments,delivered,cancelled\n"},
        {&t->funnel, "funnel.csv", "day,carts,ordered,paid,shipped,delivered\n"},
        {&t->fraud, "fraud.csv", "customer,hour_start,attempts,cards,captured,amount\n"},
        {&t->by_message, "messages_by_day.csv", "message,day,messages\n"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "ground_truth/shop/%s", files[i].name);
        truth_open(files[i].out, disk, why, path, files[i].header);
    }
}

void shop_truth_release(struct shop_truth *t)
{
    out_file_release(&t->by_day);
    out_file_release(&t->order_states);
    out_file_release(&t->funnel);
    out_file_release(&t->fraud);
    out_file_release(&t->by_message);
}

static void put_number(struct buf *b, uint64_t value)
{
    buf_append_byte(b, ',');
    out_number(b, value);
}

static void put_money(struct buf *b, int64_t thousandths)
{
    buf_append_byte(b, ',');
    text_from_decimal(thousandths, 3, b);
}

/* --- order lines --- */

static void tally_add(struct tally *t, const struct sale *s)
{
    t->lines++;
    t->quantity += s->quantity;
    t->value += s->quantity * s->price_thousandths;
}

static int gender_of(const struct shop_truth *t, const struct sale *s)
{
    if (s->legacy > 0) return t->legacy_gender[s->legacy - 1];
    return s->customer >= 0 ? t->gender[s->customer] : GENDERS;
}

static void accepted_line(struct shop_truth *t, enum channel channel, const struct sale *s)
{
    int category = t->unlisted[s->product] ? CATALOGUE_CATEGORIES : t->catalogue->products[s->product].category;
    tally_add(&t->day[channel], s);
    tally_add(&t->country[s->country][channel], s);
    tally_add(&t->category[category][channel], s);
    tally_add(&t->product[s->product], s);
    tally_add(&t->by_gender[gender_of(t, s)][channel], s);
    t->sold[s->product] += s->quantity;
}

/* Goods leave the warehouse although somebody wrote down their date wrongly or took no money for them. */
static void moved_line(struct shop_truth *t, enum verdict verdict, const struct sale *s)
{
    if (verdict == VERDICT_QUANTITY) /* a write-off */
        t->moved[s->product] += -s->quantity;
    else if (verdict == VERDICT_ACCEPTED || verdict == VERDICT_BAD_DATE || verdict == VERDICT_PRICE ||
             verdict == VERDICT_CANCELLATION)
        t->moved[s->product] += s->quantity;
}

void shop_truth_line(struct shop_truth *t, enum channel channel, enum verdict verdict, const struct sale *s)
{
    t->count[FEED_ORDERS + channel][verdict]++;
    if (s->product < 0) return;
    moved_line(t, verdict, s);
    if (verdict == VERDICT_ACCEPTED) accepted_line(t, channel, s);
    if (verdict == VERDICT_CANCELLATION) t->returned[s->product] -= s->quantity;
}

void shop_truth_receipt_end(struct shop_truth *t, enum channel channel, uint64_t lines)
{
    t->day[channel].invoices += lines > 0;
}

/* --- messages --- */

static enum verdict verdict_of(const struct message *m)
{
    switch ((enum message_flaw)m->flaw) {
    case FLAW_MALFORMED:
    case FLAW_BYTES: return VERDICT_FORMAT;
    case FLAW_TIME: return VERDICT_BAD_DATE;
    case FLAW_NO_REFERENCE: return VERDICT_NO_REFERENCE;
    case FLAW_AMOUNT: return VERDICT_BAD_AMOUNT;
    case FLAW_NONE:
    case FLAW_ORPHAN: break;
    }
    return VERDICT_ACCEPTED;
}

bool shop_truth_message(struct shop_truth *t, const struct message *m)
{
    enum verdict verdict = verdict_of(m);
    int64_t day = m->at / 86400;
    t->count[m->kind][verdict]++;
    if (verdict != VERDICT_ACCEPTED) return false;
    t->messages[day % SHOP_DAYS_AHEAD][m->kind]++;
    if (day > t->last_day) t->last_day = day;
    if (m->kind == MESSAGE_PAYMENT) {
        t->method[m->method][m->status]++;
        t->method_amount[m->method][m->status] += m->amount;
    }
    if (m->flaw == FLAW_ORPHAN) t->orphans[m->kind]++;
    return m->flaw != FLAW_ORPHAN;
}

void shop_truth_message_again(struct shop_truth *t, const struct message *m)
{
    t->count[m->kind][VERDICT_DUPLICATE]++;
}

/* --- orders of the web shop --- */

static void order_write(struct shop_truth *t, const struct web_order *o)
{
    struct buf *b = &t->order_states.pending;
    if (o->lines == 0) return;
    t->orders_counted++;
    t->orders_not_settled += o->paid != o->value;
    out_number(b, o->number);
    buf_append_byte(b, ',');
    if (o->customer >= 0) out_number(b, (uint64_t)(CATALOGUE_FIRST_CUSTOMER + o->customer));
    buf_append_byte(b, ',');
    buf_append_str(b, catalogue_country(o->country));
    buf_append_byte(b, ',');
    out_date(b, o->day);
    put_number(b, o->lines);
    put_money(b, o->value);
    put_number(b, o->attempts);
    buf_append_str(b, o->captured ? ",captured" : o->attempts ? ",failed" : ",none");
    put_money(b, o->paid);
    put_money(b, o->refunded);
    put_number(b, o->shipments);
    put_number(b, o->delivered);
    put_number(b, o->is_cancelled);
    buf_append_byte(b, '\n');
    out_file_flush_when_full(&t->order_states);
}

struct web_order *shop_truth_order_new(struct shop_truth *t)
{
    struct web_order *o = &t->order[t->orders++ % SHOP_ORDERS_OPEN];
    order_write(t, o);
    *o = (struct web_order){0};
    return o;
}

void shop_truth_fraud(struct shop_truth *t, int customer, int64_t hour, uint64_t attempts, uint64_t cards,
                      uint64_t captured, int64_t amount)
{
    struct buf *b = &t->fraud.pending;
    t->fraud_cases++;
    out_number(b, (uint64_t)(CATALOGUE_FIRST_CUSTOMER + customer));
    buf_append_byte(b, ',');
    out_date(b, hour / 24);
    buf_printf(b, " %02d:00:00", (int)(hour % 24));
    put_number(b, attempts);
    put_number(b, cards);
    put_number(b, captured);
    put_money(b, amount);
    buf_append_byte(b, '\n');
    out_file_flush_when_full(&t->fraud);
}

/* --- days --- */

static void messages_of_day(struct shop_truth *t, int64_t day)
{
    uint64_t *count = t->messages[day % SHOP_DAYS_AHEAD];
    for (int kind = 0; kind < MESSAGE_KINDS; kind++) {
        struct buf *b = &t->by_message.pending;
        if (count[kind] == 0) continue;
        buf_append_str(b, message_kind_name(kind));
        buf_append_byte(b, ',');
        out_date(b, day);
        put_number(b, count[kind]);
        buf_append_byte(b, '\n');
        count[kind] = 0;
    }
    out_file_flush_when_full(&t->by_message);
}

static void carts_of_day(struct shop_truth *t, int64_t day)
{
    struct buf *b = &t->funnel.pending;
    if (t->carts.carts == 0) return;
    out_date(b, day);
    put_number(b, t->carts.carts);
    put_number(b, t->carts.ordered);
    put_number(b, t->carts.paid);
    put_number(b, t->carts.shipped);
    put_number(b, t->carts.delivered);
    buf_append_byte(b, '\n');
    out_file_flush_when_full(&t->funnel);
    t->carts = (struct cart_day){0};
}

static void put_channel(struct buf *b, int channel)
{
    buf_append_byte(b, ',');
    buf_append_str(b, channel_names[channel]);
    buf_append_byte(b, ',');
    buf_append_str(b, currencies[channel]);
}

static void sales_of_day(struct shop_truth *t, int64_t day)
{
    struct buf *b = &t->by_day.pending;
    for (int channel = 0; channel < CHANNELS; channel++) {
        struct tally *s = &t->day[channel];
        if (s->lines > 0) {
            out_date(b, day);
            put_channel(b, channel);
            put_number(b, s->lines);
            put_number(b, s->invoices);
            put_number(b, (uint64_t)s->quantity);
            put_money(b, s->value);
            buf_append_byte(b, '\n');
        }
        *s = (struct tally){0};
    }
    out_file_flush_when_full(&t->by_day);
}

void shop_truth_day_end(struct shop_truth *t, int64_t day)
{
    sales_of_day(t, day);
    carts_of_day(t, day);
    int64_t from = t->day_now < 0 ? day : t->day_now + 1;
    for (; from <= day; from++) messages_of_day(t, from);
    t->day_now = day;
}

/* --- what is written at the end --- */

static void put_tally(struct buf *b, const char *name, int channel, const struct tally *s)
{
    if (s->lines == 0) return;
    out_csv_field(b, slice_str(name));
    buf_append_byte(b, ',');
    buf_append_str(b, currencies[channel]);
    put_number(b, s->lines);
    put_number(b, (uint64_t)s->quantity);
    put_money(b, s->value);
    buf_append_byte(b, '\n');
}

static void write_countries(struct shop_truth *t, struct buf *b)
{
    buf_append_str(b, "country,currency,lines,quantity,revenue\n");
    for (int i = 0; i < CATALOGUE_COUNTRIES; i++)
        for (int c = 0; c < CHANNELS; c++) put_tally(b, catalogue_country(i), c, &t->country[i][c]);
}

static void write_categories(struct shop_truth *t, struct buf *b)
{
    buf_append_str(b, "category,currency,lines,quantity,revenue\n");
    for (int i = 0; i <= CATALOGUE_CATEGORIES; i++)
        for (int c = 0; c < CHANNELS; c++)
            put_tally(b, i < CATALOGUE_CATEGORIES ? catalogue_category(i) : "unknown", c, &t->category[i][c]);
}

static void write_genders(struct shop_truth *t, struct buf *b)
{
    static const char *const names[] = {"unknown", "F", "M", "nobody"};
    buf_append_str(b, "gender,currency,lines,quantity,revenue\n");
    for (int g = 0; g <= GENDERS; g++)
        for (int c = 0; c < CHANNELS; c++) put_tally(b, names[g], c, &t->by_gender[g][c]);
}

static void write_payments(struct shop_truth *t, struct buf *b)
{
    buf_append_str(b, "method,status,payments,amount\n");
    for (int m = 0; m < PAYMENT_METHODS; m++) {
        for (int s = 0; s < PAYMENT_STATUSES; s++) {
            if (t->method[m][s] == 0) continue;
            buf_printf(b, "%s,%s", payment_method_name(m), payment_status_name(s));
            put_number(b, t->method[m][s]);
            put_money(b, t->method_amount[m][s]);
            buf_append_byte(b, '\n');
        }
    }
}

static bool sells_better(const struct shop_truth *t, int a, int b)
{
    const struct tally *left = &t->product[a], *right = &t->product[b];
    if (left->quantity != right->quantity) return left->quantity > right->quantity;
    return strcmp(t->catalogue->products[a].upper, t->catalogue->products[b].upper) < 0;
}

static void write_top(struct shop_truth *t, struct buf *b)
{
    int best[20], count = 0;
    for (int i = 0; i < CATALOGUE_PRODUCTS; i++) {
        if (t->product[i].lines == 0) continue;
        int at = count < 20 ? count++ : 20;
        for (; at > 0 && sells_better(t, i, best[at - 1]); at--)
            if (at < 20) best[at] = best[at - 1];
        if (at < 20) best[at] = i;
    }
    buf_append_str(b, "rank,product,lines,quantity\n");
    for (int i = 0; i < count; i++) {
        buf_printf(b, "%d,%s", i + 1, t->catalogue->products[best[i]].upper);
        put_number(b, t->product[best[i]].lines);
        put_number(b, (uint64_t)t->product[best[i]].quantity);
        buf_append_byte(b, '\n');
    }
}

static void summary_feed(const struct shop_truth *t, struct buf *b, int feed)
{
    uint64_t read = 0;
    for (int v = 0; v < VERDICTS; v++) read += t->count[feed][v];
    buf_printf(b, "%s\n  \"%s\": {\"read\": %llu, \"accepted\": %llu, \"rejected\": {", feed ? "," : "",
               feed_name(feed), (unsigned long long)read, (unsigned long long)t->count[feed][VERDICT_ACCEPTED]);
    const char *comma = "";
    for (int v = VERDICT_FORMAT; v < VERDICTS; v++) {
        if (t->count[feed][v] == 0) continue;
        buf_printf(b, "%s\"%s\": %llu", comma, verdict_names[v], (unsigned long long)t->count[feed][v]);
        comma = ", ";
    }
    buf_append_str(b, "}}");
}

static void write_summary(struct shop_truth *t, struct buf *b)
{
    buf_append_str(b, "{\n \"source\": \"millrace generate ecommerce\",\n \"feeds\": {");
    for (int feed = 0; feed < FEEDS; feed++) summary_feed(t, b, feed);
    buf_append_str(b, "\n },\n \"orphans\": {");
    const char *comma = "";
    for (int kind = MESSAGE_PAYMENT_CAPTURED; kind < MESSAGE_KINDS; kind++) {
        if (t->orphans[kind] == 0) continue;
        buf_printf(b, "%s\n  \"%s\": %llu", comma, message_kind_name(kind), (unsigned long long)t->orphans[kind]);
        comma = ",";
    }
    buf_printf(b, "\n },\n \"web_orders\": %llu,\n \"orders_not_settled\": %llu,\n \"fraud_cases\": %llu\n}\n",
               (unsigned long long)t->orders_counted, (unsigned long long)t->orders_not_settled,
               (unsigned long long)t->fraud_cases);
}

int shop_truth_finish(struct shop_truth *t, struct disk *disk, struct err_text *why)
{
    static const struct {
        const char *name;
        void (*write)(struct shop_truth *t, struct buf *b);
    } files[] = {{"ground_truth/shop/revenue_by_country.csv", write_countries},
                 {"ground_truth/shop/revenue_by_category.csv", write_categories},
                 {"ground_truth/shop/revenue_by_gender.csv", write_genders},
                 {"ground_truth/shop/payments_by_method.csv", write_payments},
                 {"ground_truth/shop/top_products.csv", write_top},
                 {"ground_truth/shop/summary.json", write_summary}};
    for (int64_t day = t->day_now + 1; day <= t->last_day; day++) messages_of_day(t, day);
    for (uint64_t i = 0; i < SHOP_ORDERS_OPEN; i++) order_write(t, &t->order[(t->orders + i) % SHOP_ORDERS_OPEN]);
    struct out_file *const open[] = {&t->by_day, &t->order_states, &t->funnel, &t->fraud, &t->by_message};
    struct out_file out;
    out_file_init(&out, disk, why);
    out.error = truth_close(open, sizeof open / sizeof open[0]);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        out_file_open(&out, files[i].name);
        files[i].write(t, &out.pending);
        out_file_close(&out);
    }
    int error = out.error;
    out_file_release(&out);
    return error;
}
