/* database.c - shop.db: the shop's customers, and the tables of the legacy application of the Italian branch.
 *
 *     customers(customer_id, first_name, last_name, gender, email, country, registered, newsletter, updated_at)
 *     ANAGRAFICA_CLIENTI(COD_CLI, RAG_SOC, SESSO, COD_NAZ, DT_REG, FLG_ANN)      C000123, ROSSI MARIO, 1, 012,
 * 20090321, N TAB_NAZIONI(COD_NAZ, DES_NAZ)      ANAGRAFICA_ARTICOLI(COD_ART, DES_ART, COD_CAT, PRZ_LIST) TAB_CATEGORIE
 *
 * The legacy SESSO is 1 and 2, or a letter; DT_REG a number YYYYMMDD; PRZ_LIST in pence. What .dump prints is the same
 * everywhere; the bytes of the file are up to the SQLite that wrote it. */
#include "workloads/ecommerce/shop.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

static const char schema[] =
    "CREATE TABLE customers(customer_id INTEGER PRIMARY KEY, first_name TEXT NOT NULL, last_name TEXT NOT NULL,"
    " gender TEXT, email TEXT, country TEXT, registered TEXT, newsletter INTEGER NOT NULL, updated_at TEXT NOT NULL);"
    "CREATE TABLE ANAGRAFICA_CLIENTI(COD_CLI TEXT PRIMARY KEY, RAG_SOC TEXT, SESSO TEXT, COD_NAZ TEXT, DT_REG INTEGER,"
    " FLG_ANN TEXT);"
    "CREATE TABLE ANAGRAFICA_ARTICOLI(COD_ART TEXT PRIMARY KEY, DES_ART TEXT, COD_CAT TEXT, PRZ_LIST INTEGER);"
    "CREATE TABLE TAB_NAZIONI(COD_NAZ TEXT PRIMARY KEY, DES_NAZ TEXT);"
    "CREATE TABLE TAB_CATEGORIE(COD_CAT TEXT PRIMARY KEY, DES_CAT TEXT);";

/* Other spellings of what the order lines call by the first name. */
static const char *const spellings[][6] = {
    {"United Kingdom", "UK", "U.K.", "Great Britain", "Regno Unito", "united kingdom"},
    {"Germany", "Deutschland", "Germania", "GERMANY", "DE", "germany"},
    {"France", "Francia", "FRANCE", "FR", "france", "France "},
    {"EIRE", "Ireland", "Irlanda", "IE", "Eire", "IRELAND"},
    {"Spain", "España", "Spagna", "ES", "SPAIN", "spain"},
    {"Netherlands", "Holland", "The Netherlands", "Paesi Bassi", "NL", "netherlands"},
    {"Belgium", "Belgio", "Belgique", "BE", "BELGIUM", "belgium"},
    {"Switzerland", "Svizzera", "Schweiz", "CH", "SWITZERLAND", "switzerland"},
    {"Italy", "Italia", "ITALIA", "IT", "ITALY", "italy"},
    {"USA", "United States", "U.S.A.", "US", "Stati Uniti", "usa"},
};

/* --- rows --- */

struct database {
    struct shop *shop;
    sqlite3 *db;
    sqlite3_stmt *insert;
    int at; /* the next parameter */
    int rc;
    struct random random;
    struct shop_due due;
    uint64_t gender[2][3], country[2][CATALOGUE_COUNTRIES]; /* accepted rows: [legacy] */
};

static void begin_table(struct database *d, const char *insert)
{
    sqlite3_finalize(d->insert);
    d->insert = NULL;
    if (d->rc == SQLITE_OK) d->rc = sqlite3_prepare_v2(d->db, insert, -1, &d->insert, NULL);
    d->at = 1;
}

static void put_text(struct database *d, const char *text)
{
    if (d->rc == SQLITE_OK)
        d->rc = text ? sqlite3_bind_text(d->insert, d->at, text, -1, SQLITE_TRANSIENT)
                     : sqlite3_bind_null(d->insert, d->at);
    d->at++;
}

static void put_integer(struct database *d, int64_t value)
{
    if (d->rc == SQLITE_OK) d->rc = sqlite3_bind_int64(d->insert, d->at, value);
    d->at++;
}

static void end_row(struct database *d)
{
    if (d->rc != SQLITE_OK) return;
    int step = sqlite3_step(d->insert);
    d->rc = step == SQLITE_DONE ? sqlite3_reset(d->insert) : step;
    d->at = 1;
}

/* --- customers --- */

static const char *gender_text(struct database *d, int gender)
{
    static const char *const men[] = {"Maschio", "maschio", "MASCHIO", "m", " M"};
    static const char *const women[] = {"Femmina", "femmina", "FEMMINA", "f", "F "};
    static const char *const unknown[] = {"", "N/D", "-", "?", "Altro"};
    bool other = shop_due(&d->due, DIRT_GENDER_SPELLING);
    uint64_t which = random_below(&d->random, 5);
    if (gender == GENDER_UNKNOWN) return other ? unknown[which] : NULL;
    if (gender == GENDER_MALE) return other ? men[which] : "M";
    return other ? women[which] : "F";
}

static const char *country_text(struct database *d, int country)
{
    const char *name = catalogue_country(country);
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        if (strcmp(spellings[i][0], name) == 0)
            return shop_due(&d->due, DIRT_COUNTRY_SPELLING) ? spellings[i][1 + random_below(&d->random, 5)] : name;
    }
    return name;
}

static void count_person(struct database *d, bool legacy, int number, const struct person *p, bool bad_date)
{
    int feed = legacy ? FEED_LEGACY_CUSTOMERS : FEED_CUSTOMERS;
    struct shop_truth *t = &d->shop->truth;
    (legacy ? t->legacy_gender : t->gender)[number] = bad_date ? GENDER_UNKNOWN : p->gender;
    t->count[feed][bad_date ? VERDICT_BAD_DATE : VERDICT_ACCEPTED]++;
    if (bad_date) return;
    d->gender[legacy][p->gender]++;
    d->country[legacy][p->country]++;
}

static void put_email(struct database *d, const struct person *p, int number)
{
    char text[96];
    int n = snprintf(text, sizeof text, "%s.%d@example.com", catalogue_last_name(p), number), to = 0;
    for (int i = 0; i < n; i++) { /* letters, digits and what an address needs */
        char c = text[i];
        if (c >= 'A' && c <= 'Z' && number % 7) c = (char)(c + 32);
        if (c != ' ' && c != '\'' && (unsigned char)c < 0x80) text[to++] = c;
    }
    text[to] = 0;
    put_text(d, text);
}

static void put_customers(struct database *d)
{
    static const char *const wrong[] = {"2009-02-30", "0000-00-00", "21/03/2009", "unknown"};
    char date[16], updated[32];
    begin_table(d, "INSERT INTO customers VALUES(?,?,?,?,?,?,?,?,?)");
    for (int i = 0; i < CATALOGUE_CUSTOMERS; i++) {
        const struct person *p = &d->shop->catalogue.person[i];
        bool bad = shop_due(&d->due, DIRT_BAD_REGISTRATION);
        shop_date(p->registered, date);
        snprintf(updated, sizeof updated, "2010-11-%02d %02d:%02d:00", 1 + i % 30, i % 24, i % 60);
        put_integer(d, CATALOGUE_FIRST_CUSTOMER + i);
        put_text(d, catalogue_first_name(p));
        put_text(d, catalogue_last_name(p));
        put_text(d, gender_text(d, p->gender));
        put_email(d, p, i);
        put_text(d, country_text(d, p->country));
        put_text(d, bad ? wrong[i % 4] : date);
        put_integer(d, i % 3 == 0);
        put_text(d, updated);
        end_row(d);
        count_person(d, false, i, p, bad);
    }
}

/* --- the legacy application --- */

static void put_legacy_name(struct database *d, const struct person *p)
{
    char name[96];
    snprintf(name, sizeof name, "%s %s", catalogue_last_name(p), catalogue_first_name(p));
    for (char *c = name; *c; c++)
        if (*c >= 'a' && *c <= 'z') *c = (char)(*c - 32);
    put_text(d, name);
}

static const char *legacy_gender(struct database *d, int gender)
{
    if (gender == GENDER_UNKNOWN) return "0";
    if (shop_due(&d->due, DIRT_GENDER_SPELLING)) return gender == GENDER_MALE ? "M" : "F";
    return gender == GENDER_MALE ? "1" : "2";
}

static void put_legacy_customers(struct database *d)
{
    char code[16];
    char date[16];
    begin_table(d, "INSERT INTO ANAGRAFICA_CLIENTI VALUES(?,?,?,?,?,?)");
    for (int i = 0; i < CATALOGUE_LEGACY_CUSTOMERS; i++) {
        const struct person *p = &d->shop->catalogue.legacy[i];
        bool bad = shop_due(&d->due, DIRT_BAD_REGISTRATION);
        snprintf(code, sizeof code, "C%06d", 1 + i);
        put_text(d, code);
        put_legacy_name(d, p);
        put_text(d, legacy_gender(d, p->gender));
        snprintf(code, sizeof code, "%03d", 1 + p->country);
        put_text(d, code);
        shop_date(p->registered, date);
        put_integer(d,
                    bad ? (i % 2 ? 99999999 : 20090230) : atoi(date) * 10000 + atoi(date + 5) * 100 + atoi(date + 8));
        put_text(d, i % 20 == 3 ? "S" : "N");
        end_row(d);
        count_person(d, true, i, p, bad);
    }
}

static void put_codes(struct database *d)
{
    char code[16];
    begin_table(d, "INSERT INTO TAB_NAZIONI VALUES(?,?)");
    for (int i = 0; i < CATALOGUE_COUNTRIES; i++) {
        snprintf(code, sizeof code, "%03d", 1 + i);
        put_text(d, code);
        put_text(d, catalogue_country(i));
        end_row(d);
        d->shop->truth.count[FEED_NATIONS][VERDICT_ACCEPTED]++;
    }
    begin_table(d, "INSERT INTO TAB_CATEGORIE VALUES(?,?)");
    for (int i = 0; i < CATALOGUE_CATEGORIES; i++) {
        snprintf(code, sizeof code, "%02d", 1 + i);
        put_text(d, code);
        put_text(d, catalogue_category(i));
        end_row(d);
    }
}

static void put_legacy_products(struct database *d)
{
    char code[16];
    begin_table(d, "INSERT INTO ANAGRAFICA_ARTICOLI VALUES(?,?,?,?)");
    for (int i = 0; i < CATALOGUE_PRODUCTS; i++) {
        const struct product *p = &d->shop->catalogue.products[i];
        put_text(d, p->upper);
        put_text(d, p->description);
        snprintf(code, sizeof code, "%02d", 1 + p->category);
        put_text(d, code);
        put_integer(d, p->price_thousandths / 10);
        end_row(d);
    }
}

/* --- truth, and all of it --- */

static int write_truth(struct database *d)
{
    static const char *const sources[] = {"shop", "legacy"};
    static const char *const genders[] = {"unknown", "F", "M"};
    struct out_file out;
    out_file_init(&out, d->shop->disk, d->shop->error);
    out_file_open(&out, "ground_truth/shop/customers_by_gender.csv");
    buf_append_str(&out.pending, "system,gender,customers\n");
    for (int l = 0; l < 2; l++)
        for (int g = 0; g < 3; g++)
            if (d->gender[l][g])
                buf_printf(&out.pending, "%s,%s,%llu\n", sources[l], genders[g], (unsigned long long)d->gender[l][g]);
    out_file_close(&out);
    out_file_open(&out, "ground_truth/shop/customers_by_country.csv");
    buf_append_str(&out.pending, "system,country,customers\n");
    for (int l = 0; l < 2; l++)
        for (int c = 0; c < CATALOGUE_COUNTRIES; c++)
            if (d->country[l][c])
                buf_printf(&out.pending, "%s,%s,%llu\n", sources[l], catalogue_country(c),
                           (unsigned long long)d->country[l][c]);
    out_file_close(&out);
    int error = out.error;
    out_file_release(&out);
    return error;
}

static void fill(struct database *d)
{
    if (d->rc == SQLITE_OK) d->rc = sqlite3_exec(d->db, "PRAGMA synchronous = OFF; BEGIN", NULL, NULL, NULL);
    if (d->rc == SQLITE_OK) d->rc = sqlite3_exec(d->db, schema, NULL, NULL, NULL);
    put_customers(d);
    put_legacy_customers(d);
    put_codes(d);
    put_legacy_products(d);
    if (d->rc == SQLITE_OK) d->rc = sqlite3_exec(d->db, "COMMIT", NULL, NULL, NULL);
}

int records_database(struct shop *s)
{
    struct database *d = memory_new(sizeof *d);
    struct buf path = {0};
    int error = 0;
    d->shop = s;
    shop_random(&d->random, s, 6);
    shop_due_init(&d->due, s, &d->random, CATALOGUE_CUSTOMERS);
    buf_printf(&path, "%s/shop.db", s->options->out);
    d->rc = sqlite3_open(buf_cstr(&path), &d->db);
    fill(d);
    if (d->rc != SQLITE_OK)
        error = err_set(s->error, ERR_IO, "%s: cannot write: %s", buf_cstr(&path), sqlite3_errmsg(d->db));
    sqlite3_finalize(d->insert);
    sqlite3_close(d->db);
    if (error == 0) error = write_truth(d);
    s->static_files++;
    buf_release(&path);
    free(d);
    return error;
}
