/* Messages: the order in which they are written, and their text. */
#include "workloads/ecommerce/agenda.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "tests/unit.h"

#define DAY (INT64_C(14944) * 86400) /* 2010-12-01 */

static struct catalogue *catalogue_new(void)
{
    struct catalogue *c = memory_new(sizeof *c);
    struct random r;
    random_seed(&r, 1);
    catalogue_init(c, &r);
    return c;
}

static void catalogue_free(struct catalogue *c)
{
    catalogue_release(c);
    free(c);
}

static void check_text(struct message m, const char *expected)
{
    struct catalogue *c = catalogue_new();
    struct buf b = {0};
    message_write(&b, &m, c);
    check_str(buf_cstr(&b), expected);
    buf_release(&b);
    catalogue_free(c);
}

TEST(message, a_shipment_has_the_carriers_clock)
{
    check_text(
        (struct message){.kind = MESSAGE_SHIPMENT, .at = DAY + 86399, .number = 7, .order = 536365, .quantity = 2},
        "{\"id\":\"sh000000007\",\"order\":\"536365\",\"shipped\":\"2010-12-02T00:59:59+01:00\",\"carrier\":\"DHL\","
        "\"parcels\":2,\"address\":{\"country\":\"United Kingdom\"}}\n");
}

TEST(message, amounts_have_two_decimals_or_three)
{
    struct message m = {.kind = MESSAGE_PAYMENT_CAPTURED, .at = DAY, .number = 1, .order = 1, .reference = 2};
    m.amount = 2050;
    check_text(m,
               "{\"event\":\"payment_captured\",\"id\":\"pc000000001\",\"at\":\"2010-12-01T00:00:00Z\",\"order\":\"1\","
               "\"payment\":\"pm000000002\",\"amount\":2.05}\n");
    m.amount = 1000005;
    check_text(m,
               "{\"event\":\"payment_captured\",\"id\":\"pc000000001\",\"at\":\"2010-12-01T00:00:00Z\",\"order\":\"1\","
               "\"payment\":\"pm000000002\",\"amount\":1000.005}\n");
}

TEST(message, flaws_are_what_they_say)
{
    struct message m = {.kind = MESSAGE_PARCEL_SHIPPED, .at = DAY, .number = 4, .order = 1, .reference = 2};
    m.flaw = FLAW_NO_REFERENCE;
    check_text(m, "{\"event\":\"parcel_shipped\",\"id\":\"ps000000004\",\"at\":\"2010-12-01T00:00:00Z\",\"order\":null,"
                  "\"shipment\":\"sh000000002\"}\n");
    m.flaw = FLAW_TIME;
    check_text(m, "{\"event\":\"parcel_shipped\",\"id\":\"ps000000004\",\"at\":\"yesterday\",\"order\":\"1\","
                  "\"shipment\":\"sh000000002\"}\n");
    m.flaw = FLAW_ORPHAN;
    check_text(m, "{\"event\":\"parcel_shipped\",\"id\":\"ps000000004\",\"at\":\"2010-12-01T00:00:00Z\","
                  "\"order\":\"900000000004\",\"shipment\":\"sh000000002\"}\n");
    m.flaw = FLAW_MALFORMED;
    check_text(m, "{\"event\":\"parcel_shipped\",\"id\":\"ps000000004\",\"at\":\"2010-12-01T00:00:00Z\",\n");
}

/* --- the agenda --- */

static void put(struct agenda *a, int64_t arrival, uint64_t number)
{
    struct message m = {
        .kind = MESSAGE_PARCEL_DELIVERED, .at = DAY, .arrival = arrival, .number = number, .order = number};
    agenda_put(a, m);
}

static struct disk *disk;

static void agenda_start(struct agenda *a, struct catalogue *c, char path[64], struct err_text *why)
{
    snprintf(path, 64, "%s/millrace-agenda-XXXXXX", P_tmpdir);
    check(mkdtemp(path) != NULL);
    check_int(disk_linux_new(path, &disk, NULL), 0);
    agenda_init(a, c, DAY / 86400, disk, why);
}

static void agenda_end(struct agenda *a, const char *path)
{
    struct disk *parent;
    agenda_release(a);
    disk_linux_free(disk);
    check_int(disk_linux_new(P_tmpdir, &parent, NULL), 0);
    disk_remove_tree(parent, path + strlen(P_tmpdir) + 1);
    disk_linux_free(parent);
}

/* The orders of the messages in a file, with a blank behind each. */
static void orders_in(const char *name, char *out)
{
    struct buf text = {0};
    check(disk_read_all(disk, name, 1 << 20, &text) >= 0);
    *out = 0;
    for (const char *at = buf_cstr(&text); (at = strstr(at, "\"order\":\"")) != NULL;) {
        at += strlen("\"order\":\"");
        strncat(out, at, strcspn(at, "\""));
        strcat(out, " ");
    }
    buf_release(&text);
}

TEST(agenda, writes_in_the_order_of_arrival_and_keeps_that_of_equals)
{
    static const int arrival[] = {5, 3, 9, 3, 1, 7, 3, 8, 2};
    struct catalogue *c = catalogue_new();
    struct err_text why = {0};
    struct agenda a;
    char path[64], found[256];
    agenda_start(&a, c, path, &why);
    for (uint64_t i = 0; i < 9; i++) put(&a, DAY + arrival[i], i + 1);
    agenda_write_until(&a, DAY + 3);
    check_int(a.written, 5);
    put(&a, DAY + 6, 10);
    check_int(agenda_finish(&a), 0);
    orders_in("parcel_delivered-2010-12.ndjson", found);
    check_str(found, "5 9 2 4 7 1 10 6 8 3 ");
    agenda_end(&a, path);
    catalogue_free(c);
}

TEST(agenda, a_month_has_a_file_and_a_kind_without_messages_has_one_too)
{
    struct catalogue *c = catalogue_new();
    struct err_text why = {0};
    struct agenda a;
    char path[64], found[256];
    agenda_start(&a, c, path, &why);
    put(&a, DAY + 31 * 86400, 2); /* late for the year */
    put(&a, DAY + 31 * 86400 - 1, 1);
    check_int(agenda_finish(&a), 0);
    orders_in("parcel_delivered-2010-12.ndjson", found);
    check_str(found, "1 ");
    orders_in("parcel_delivered-2011-01.ndjson", found);
    check_str(found, "2 ");
    orders_in("order_placed-2010-12.ndjson", found);
    check_str(found, "");
    agenda_end(&a, path);
    catalogue_free(c);
}
