/* records.c - what the shop keeps besides its files of the day: the catalogue and the inventory.
 *
 *     catalogue.xml    <catalogue><product code="85123A" unit="each"><name>CREAM TIN, BOXED</name>
 *                        <category id="4">Lighting</category><price currency="GBP">2.55</price></product>...
 *     inventory.json   {"warehouse": "central", "counted": "2011-12-09", "items": [{"code": "85123A",
 *                        "stock": {"initial": 1200, "on_hand": 950}, "shelf": "C-17"}, ...]} */
#include "workloads/ecommerce/shop.h"

#include <stdio.h>
#include <string.h>

/* --- catalogue.xml --- */

static void put_xml(struct buf *b, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&': buf_append_str(b, "&amp;"); break;
        case '<': buf_append_str(b, "&lt;"); break;
        case '>': buf_append_str(b, "&gt;"); break;
        case '"': buf_append_str(b, "&quot;"); break;
        default: buf_append_byte(b, (uint8_t)*text); break;
        }
    }
}

static void put_price(struct buf *b, int64_t thousandths)
{
    buf_printf(b, "%lld.%02d", (long long)(thousandths / 1000), (int)(thousandths / 10 % 100));
}

static void put_product(struct buf *b, const struct product *p, const char *code, int index)
{
    buf_printf(b, "  <product code=\"%s\" unit=\"each\">\n    <name>", code);
    if (index % 50 == 7)
        buf_printf(b, "<![CDATA[%s]]>", p->description);
    else
        put_xml(b, p->description);
    buf_printf(b, "</name>\n    <category id=\"%d\">", p->category + 1);
    put_xml(b, catalogue_category(p->category));
    buf_append_str(b, "</category>\n    <price currency=\"GBP\">");
    put_price(b, p->price_thousandths);
    buf_append_str(b, "</price>\n");
    buf_append_str(b, index % 9 == 4 ? "    <discontinued/>\n  </product>\n" : "  </product>\n");
}

static int file_done(struct shop *s, struct out_file *out)
{
    out_file_close(out);
    s->static_bytes += out->bytes;
    s->static_files++;
    int error = out->error;
    out_file_release(out);
    return error;
}

int records_products(struct shop *s)
{
    struct out_file out;
    struct random r;
    struct shop_due due;
    uint64_t *count = s->truth.count[FEED_PRODUCTS];
    shop_random(&r, s, 4);
    shop_due_init(&due, s, &r, CATALOGUE_PRODUCTS);
    out_file_init(&out, s->disk, s->error);
    out_file_open(&out, "catalogue.xml");
    buf_append_str(&out.pending, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                 "<!-- what the shop sells -->\n<catalogue shop=\"millrace &amp; co\">\n");
    for (int i = 0; i < CATALOGUE_PRODUCTS; i++) {
        const struct product *p = &s->catalogue.products[i];
        s->truth.unlisted[i] = shop_due(&due, DIRT_PRODUCT_MISSING);
        if (s->truth.unlisted[i]) continue;
        put_product(&out.pending, p, p->code, i);
        count[VERDICT_ACCEPTED]++;
        if (shop_due(&due, DIRT_PRODUCT_TWICE)) {
            put_product(&out.pending, p, p->variant[0] ? p->variant : p->code, i);
            count[VERDICT_DUPLICATE]++;
        }
        out_file_flush_when_full(&out);
    }
    buf_append_str(&out.pending, "</catalogue>\n");
    return file_done(s, &out);
}

/* --- inventory.json, and what of it does not agree with the orders --- */

static void put_stock(struct buf *b, const struct product *p, int64_t initial, int64_t on_hand, int index)
{
    buf_append_str(b, index ? ",\n  {\"code\": " : "\n  {\"code\": ");
    buf_append_byte(b, '"');
    buf_append_str(b, p->code);
    buf_printf(b, "\", \"stock\": {\"initial\": %lld, \"on_hand\": %lld}, \"shelf\": \"%c-%02d\", \"reorder\": %s}",
               (long long)initial, (long long)on_hand, 'A' + index % 26, index / 26 % 100,
               on_hand < initial / 4 ? "true" : "false");
}

int records_inventory(struct shop *s)
{
    struct out_file out, wrong;
    struct random r;
    struct shop_due due;
    shop_random(&r, s, 5);
    shop_due_init(&due, s, &r, CATALOGUE_PRODUCTS);
    out_file_init(&out, s->disk, s->error);
    out_file_init(&wrong, s->disk, s->error);
    out_file_open(&out, "inventory.json");
    out_file_open(&wrong, "ground_truth/shop/stock.csv");
    buf_append_str(&wrong.pending, "product,on_hand,expected,difference\n");
    buf_append_str(&out.pending, "{\"warehouse\": \"central\", \"unit\": \"piece\", \"items\": [");
    for (int i = 0; i < CATALOGUE_PRODUCTS; i++) {
        const struct product *p = &s->catalogue.products[i];
        int64_t moved = s->truth.moved[i];
        int64_t initial = (moved > 0 ? moved + moved / 3 : 0) + 20 + (int64_t)random_below(&r, 500);
        int64_t on_hand = initial - moved, expected = initial - s->truth.sold[i] + s->truth.returned[i];
        if (shop_due(&due, DIRT_STOCK_WRONG)) on_hand += 1 + (int64_t)random_below(&r, 40);
        put_stock(&out.pending, p, initial, on_hand, i);
        out_file_flush_when_full(&out);
        s->truth.count[FEED_INVENTORY][VERDICT_ACCEPTED]++;
        if (on_hand != expected)
            buf_printf(&wrong.pending, "%s,%lld,%lld,%lld\n", p->upper, (long long)on_hand, (long long)expected,
                       (long long)(on_hand - expected));
    }
    buf_append_str(&out.pending, "\n]}\n");
    out_file_close(&wrong);
    int error = wrong.error;
    out_file_release(&wrong);
    int rc = file_done(s, &out);
    return rc ? rc : error;
}
