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
/* Two things of each category, in their order; what is no article is a service. */
static const char *const categories[CATALOGUE_CATEGORIES] = {
    "Kitchen", "Baking", "Party & Pantry", "Decoration", "Lighting",        "Bags & School", "Living",
    "Garden",  "Gifts",  "Bedroom",        "Table",      "Keys & Biscuits", "Services"};

#define FIRST_REGISTRATION 13879 /* 2008-01-01 */
#define REGISTRATION_DAYS  1000
#define CATEGORY_SERVICES  (CATALOGUE_CATEGORIES - 1)

static const char *const women[] = {"Maria", "Giulia", "Anna",   "Chiara", "Zoë",   "Sofia",
                                    "Emma",  "Olivia", "Ingrid", "Lucia",  "Renée", "Grace"};
static const char *const men[] = {"Mario", "Luca",   "José",   "Peter", "Søren",  "John",
                                  "Hans",  "Pierre", "Andrea", "Marco", "Oliver", "Jan"};
static const char *const families[] = {"Rossi",   "Bianchi",  "Müller", "Smith",   "O'Brien",  "D'Angelo", "Conti",
                                       "Jones",   "Dubois",   "García", "Novak",   "Jansen",   "Ferrari",  "Brown",
                                       "Schmidt", "Esposito", "Taylor", "Nilsson", "de Vries", "Marino"};
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

int catalogue_country_find(const char *name)
{
    int country = 0;
    while (strcmp(countries[country], name) != 0) country++;
    return country;
}

const char *catalogue_category(int category)
{
    return categories[category];
}

const char *catalogue_first_name(const struct person *p)
{
    return (p->gender == GENDER_MALE ? men : women)[p->first];
}

const char *catalogue_last_name(const struct person *p)
{
    return families[p->last];
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
    int which = (int)random_below(r, (uint64_t)COUNT(things));
    const char *thing = things[which];
    p->category = which / 2;
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
            p->category = CATEGORY_SERVICES;
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

static struct person person_draw(struct random *r, int country)
{
    struct person p = {.country = (uint8_t)country};
    uint64_t gender = random_below(r, 100);
    p.gender = gender < 52 ? GENDER_FEMALE : gender < 95 ? GENDER_MALE : GENDER_UNKNOWN;
    p.first = (uint8_t)random_below(r, COUNT(women));
    p.last = (uint8_t)random_below(r, (uint64_t)COUNT(families));
    p.registered = FIRST_REGISTRATION + (int32_t)random_below(r, REGISTRATION_DAYS);
    return p;
}

void catalogue_init(struct catalogue *c, struct random *r)
{
    memset(c, 0, sizeof *c);
    products_init(c, r);
    popularity_init(&c->product_popularity, CATALOGUE_PRODUCTS, 40);
    popularity_init(&c->customer_popularity, CATALOGUE_CUSTOMERS - CATALOGUE_FRAUDSTERS, 60);
    popularity_init(&c->country_popularity, CATALOGUE_COUNTRIES - 1, 3);
    for (int i = 0; i < CATALOGUE_CUSTOMERS; i++) {
        bool home = random_chance(r, 9, 10);
        c->customers[i].country = home ? 0 : 1 + popularity_draw(&c->country_popularity, r);
        c->person[i] = person_draw(r, c->customers[i].country);
    }
    for (int i = 0; i < CATALOGUE_LEGACY_CUSTOMERS; i++) {
        static const char *const at[] = {"Italy", "Italy", "Italy", "Switzerland", "Austria", "Germany", "France"};
        c->legacy[i] = person_draw(r, catalogue_country_find(at[random_below(r, (uint64_t)COUNT(at))]));
    }
}

void catalogue_release(struct catalogue *c)
{
    arena_release(&c->memory);
}
