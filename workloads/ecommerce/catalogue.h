/* catalogue.h - what the shop of the ecommerce workload sells, to whom and where. */
#ifndef MILLRACE_WORKLOADS_ECOMMERCE_CATALOGUE_H
#define MILLRACE_WORKLOADS_ECOMMERCE_CATALOGUE_H

#include "lib/base/bytes.h"
#include "lib/base/random.h"
#include "workloads/chance.h"

enum {
    CATALOGUE_PRODUCTS = 4000,
    CATALOGUE_CUSTOMERS = 4400,
    CATALOGUE_FRAUDSTERS = 64, /* the last customers: no honest order is theirs */
    CATALOGUE_LEGACY_CUSTOMERS = 600,
    CATALOGUE_COUNTRIES = 38,
    CATALOGUE_CATEGORIES = 13,
    CATALOGUE_FIRST_CUSTOMER = 12346,
};

struct product {
    char upper[16];       /* stock code in upper case: the key of the truth */
    char code[16];        /* as the shop writes it ("85123A", "gift_0001_40") */
    char variant[16];     /* with its letters in the other case; empty when it has no letter */
    char description[64]; /* UTF-8, as it is; may have blanks around it, commas and quotes */
    struct slice csv;     /* the description as a CSV field; its memory is the catalogue's */
    int64_t price_thousandths;
    int category;
};

struct customer {
    int country; /* one for ever */
};

enum gender { GENDER_UNKNOWN, GENDER_FEMALE, GENDER_MALE, GENDERS };

/* What a database knows of somebody; the country is the customer's. */
struct person {
    uint8_t first, last; /* names, see catalogue_first_name */
    uint8_t gender;
    uint8_t country;
    int32_t registered; /* days since 1970, before any order */
};

struct catalogue {
    struct product products[CATALOGUE_PRODUCTS]; /* most popular first */
    struct customer customers[CATALOGUE_CUSTOMERS];
    struct person person[CATALOGUE_CUSTOMERS];
    struct person legacy[CATALOGUE_LEGACY_CUSTOMERS]; /* of the Italian branch */
    int voucher;                                      /* index of the product whose description has a pound sign */
    struct popularity product_popularity, customer_popularity, country_popularity;
    struct arena memory;
};

/* Everything in it follows from the random numbers of `r`. */
void catalogue_init(struct catalogue *c, struct random *r);
void catalogue_release(struct catalogue *c);
const char *catalogue_country(int country);
int catalogue_country_find(const char *name);
const char *catalogue_category(int category);
const char *catalogue_first_name(const struct person *p);
const char *catalogue_last_name(const struct person *p);

#endif
