#include "workloads/ecommerce/catalogue.h"

#include <stdio.h>
#include <string.h>

#include "workloads/out_file.h"

/* Home first: the popularity of a country is its place in this list. */
static const char *const countries[CATALOGUE_COUNTRIES] = {"United Kingdom",
                                                           "Germany",
                                                           "France",
                                                           "EIRE",
                                                           "Spain",
                                                           "Netherlands",
                                                           "Belgium",
                                                           "Portugal",
                                                           "Switzerland",
                                                           "Australia",
                                                           "Norway",
                                                           "Italy",
                                                           "Channel Islands",
                                                           "Finland",
                                                           "Cyprus",
                                                           "Sweden",
                                                           "Unspecified",
                                                           "Austria",
                                                           "Denmark",
                                                           "Japan",
                                                           "Poland",
                                                           "Israel",
                                                           "USA",
                                                           "Hong Kong",
                                                           "Singapore",
                                                           "Iceland",
                                                           "Canada",
                                                           "Greece",
                                                           "Malta",
                                                           "European Community",
                                                           "RSA",
                                                           "Lebanon",
                                                           "Brazil",
                                                           "Bahrain",
                                                           "Lithuania",
                                                           "United Arab Emirates",
                                                           "Saudi Arabia",
                                                           "Czech Republic"};

static const char *const looks[] = {"RED",    "BLUE SPOT", "WOODEN", "VINTAGE", "IVORY",   "PINK",   "TIN",   "GLASS",
                                    "FELT",   "PAPER",     "ROSE",   "STRIPED", "ENAMEL",  "MINI",   "LARGE", "RETRO",
                                    "SILVER", "KNITTED",   "GREEN",  "FOLDING", "CERAMIC", "HANGING"};
static const char *const things[] = {"LUNCH BOX",   "T-LIGHT HOLDER", "CAKE STAND",    "TEA TOWEL",     "PARTY BUNTING",
                                     "JAM JAR",     "DOORMAT",        "PICTURE FRAME", "COAT HOOK",     "NIGHT LIGHT",
                                     "SHOPPER BAG", "PENCIL CASE",    "MUG",           "WALL CLOCK",    "BIRD FEEDER",
                                     "PLANT POT",   "GIFT TAG",       "CANDLE",        "CUSHION COVER", "TRINKET BOX",
                                     "SPOON REST",  "WATERING CAN",   "BISCUIT TIN",   "KEY RING"};
#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

/* Codes that are not articles; they count like any other. */
static const struct {
    int at;
    const char *code, *description;
    int64_t price;
} special[] = {{2, "POST", "POSTAGE", 18000},
               {5, "DOT", "DOTCOM POSTAGE", 240110},
               {9, "M", "Manual", 1250},
               {40, "C2", "CARRIAGE", 50000},
               {300, "BANK CHARGES", "Bank Charges", 15000},
               {700, "gift_0001_40",
                "Gift Voucher \xc2\xa3"
                "40.00",
                34040}};

const char *catalogue_country(int country)
{
    return countries[country];
}

static void other_case(const char *code, char out[16])
{
    bool letter = false;
    int n = 0;
    for (; code[n]; n++) {
        char c = code[n];
        letter = letter || (c >= 'A' && c <= 'Z');
        out[n] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    out[letter ? n : 0] = 0;
}

static void upper_case(const char *code, char out[16])
{
    int n = 0;
    for (; code[n]; n++) out[n] = code[n] >= 'a' && code[n] <= 'z' ? (char)(code[n] - 32) : code[n];
    out[n] = 0;
}

static void article(struct product *p, struct random *r, int index)
{
    /* 7919 is prime to 60,000, so that no code comes twice although they look scattered. */
    int number = 20000 + index * 7919 % 60000;
    bool letter = random_chance(r, 1, 3);
    char suffix[2] = {letter ? (char)('A' + random_below(r, 8)) : 0, 0};
    snprintf(p->code, sizeof p->code, "%d%s", number, suffix);
    const char *look = looks[random_below(r, (uint64_t)COUNT(looks))];
    const char *thing = things[random_below(r, (uint64_t)COUNT(things))];
    switch (random_below(r, 8)) {
    case 1: snprintf(p->description, sizeof p->description, "%s %s ", look, thing); break;
    case 2: snprintf(p->description, sizeof p->description, "SET OF 3 %s %s", look, thing); break;
    case 3: snprintf(p->description, sizeof p->description, "%s %s, BOXED", look, thing); break;
    case 4: snprintf(p->description, sizeof p->description, "%s %s  ASSTD", look, thing); break;
    case 5: snprintf(p->description, sizeof p->description, "%s %s 7\" SIZE", look, thing); break;
    case 6: snprintf(p->description, sizeof p->description, "LETTER \"%c\" %s", (char)('A' + index % 26), thing); break;
    default: snprintf(p->description, sizeof p->description, "%s %s", look, thing); break;
    }
    static const int64_t prices[] = {420, 550, 850, 1250, 1450, 1650, 2100, 2550, 2950, 3390, 3750, 4950, 7950, 12750};
    p->price_thousandths = prices[random_below(r, (uint64_t)COUNT(prices))];
}

static void products_init(struct catalogue *c, struct random *r)
{
    struct buf field = {0};
    for (int i = 0; i < CATALOGUE_PRODUCTS; i++) {
        struct product *p = &c->products[i];
        article(p, r, i);
        for (int k = 0; k < COUNT(special); k++) {
            if (special[k].at != i) continue;
            snprintf(p->code, sizeof p->code, "%s", special[k].code);
            snprintf(p->description, sizeof p->description, "%s", special[k].description);
            p->price_thousandths = special[k].price;
            if (strncmp(special[k].code, "gift", 4) == 0) c->voucher = i;
        }
        upper_case(p->code, p->upper);
        other_case(p->upper, p->variant);
        if (strcmp(p->variant, p->code) == 0) p->variant[0] = 0;
        buf_reset(&field);
        out_csv_field(&field, slice_str(p->description));
        p->csv = slice_of(arena_copy(&c->memory, field.p, field.n), field.n);
    }
    buf_release(&field);
}

void catalogue_init(struct catalogue *c, struct random *r)
{
    memset(c, 0, sizeof *c);
    products_init(c, r);
    popularity_init(&c->product_popularity, CATALOGUE_PRODUCTS, 40);
    popularity_init(&c->customer_popularity, CATALOGUE_CUSTOMERS, 60);
    popularity_init(&c->country_popularity, CATALOGUE_COUNTRIES - 1, 3);
    for (int i = 0; i < CATALOGUE_CUSTOMERS; i++) {
        bool home = random_chance(r, 9, 10);
        c->customers[i].country = home ? 0 : 1 + popularity_draw(&c->country_popularity, r);
    }
}

void catalogue_release(struct catalogue *c)
{
    arena_release(&c->memory);
}
