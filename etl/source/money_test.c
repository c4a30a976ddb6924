#include "etl/source/money.h"

#include "etl/currency.h"
#include "tests/unit.h"

/* "amount CODE", or "bad". `currencies` is JSON: "EUR" in quotes, a list, or "any". */
static const char *split(const char *currencies, const char *text)
{
    static char out[200];
    char room[MONEY_BYTES_MAX];
    struct arena arena = {0};
    struct err_text error = {{0}};
    struct document doc = {.file = "m.json", .arena = &arena, .error = &error};
    json_t *json = json_loads(currencies, JSON_DECODE_ANY, NULL);
    check(json != NULL);
    const struct money_spec *m = money_spec_read((struct node){&doc, json, "currency"});
    if (document_failed(&doc)) unit_fail("%s", error.text);
    struct slice amount;
    const char *code;
    if (money_split(m, slice_str(text), room, &amount, &code))
        snprintf(out, sizeof out, "%.*s %s", (int)amount.n, (const char *)amount.p, code);
    else
        strcpy(out, "bad");
    json_decref(json);
    arena_release(&arena);
    return out;
}

#define EURO "\xe2\x82\xac"
#define NBSP "\xc2\xa0"

TEST(money, ahead_and_behind)
{
    check_str(split("\"any\"", EURO " 1.234,50"), "1.234,50 EUR");
    check_str(split("\"any\"", "1.234,50" NBSP EURO), "1.234,50 EUR");
    check_str(split("\"any\"", "1.234,50\xe2\x80\xaf" EURO), "1.234,50 EUR");
    check_str(split("\"any\"", "USD 12.00"), "12.00 USD");
    check_str(split("\"any\"", "usd12.00"), "12.00 USD");
    check_str(split("\"any\"", "12.00 USD"), "12.00 USD");
    check_str(split("\"any\"", "$12"), "12 USD");
    check_str(split("\"any\"", "$.50"), ".50 USD");
    check_str(split("\"any\"", "12,50 Euro"), "12,50 EUR");
    check_str(split("\"any\"", "\xc2\xa3"
                               "9.99"),
              "9.99 GBP");
    check_str(split("\"any\"", "\xc2\xa5"
                               "980"),
              "980 JPY");
    check_str(split("\"any\"", "R$ 10,00"), "10,00 BRL");
    check_str(split("\"any\"", "US$ 5.00 USD"), "5.00 USD");
    check_str(split("\"any\"", "  CHF 5  "), "5 CHF");
    check_str(split("\"any\"", "5. EUR"), "5. EUR");
    check_str(split("\"EUR\"", "5,"), "5, EUR");
    check_str(split("\"any\"", "100 K\xc4\x8d"), "100 CZK");
}

TEST(money, signs_of_numbers)
{
    check_str(split("\"any\"", "-$5.00"), "-5.00 USD");
    check_str(split("\"any\"", "$-5.00"), "-5.00 USD");
    check_str(split("\"any\"", "$ -5.00"), "-5.00 USD");
    check_str(split("\"any\"", "- 5.00 EUR"), "-5.00 EUR");
    check_str(split("\"any\"", "\xe2\x88\x92"
                               "5.00 EUR"),
              "-5.00 EUR");
    check_str(split("\"any\"", "+5.00 EUR"), "5.00 EUR");
    check_str(split("\"any\"", "(5.00 EUR)"), "-5.00 EUR");
    check_str(split("\"any\"", "($5.00)"), "-5.00 USD");
    check_str(split("\"any\"", "(-$5.00)"), "bad");
    check_str(split("\"any\"", "($5.00"), "bad");
    check_str(split("\"any\"", "--5 EUR"), "bad");
    check_str(split("\"any\"", "5- EUR"), "bad");
}

TEST(money, what_is_declared_decides)
{
    check_str(split("\"EUR\"", "5.00"), "5.00 EUR");
    check_str(split("\"EUR\"", "$5.00"), "bad");
    check_str(split("\"CAD\"", "$5.00"), "5.00 CAD");
    check_str(split("\"USD\"", "CA$5.00"), "bad");
    check_str(split("[\"USD\", \"EUR\"]", "$5.00"), "5.00 USD");
    check_str(split("[\"USD\", \"CAD\"]", "$5.00"), "bad"); /* which one? */
    check_str(split("[\"USD\", \"CAD\"]", "CA$5.00"), "5.00 CAD");
    check_str(split("[\"USD\", \"CAD\"]", "5.00"), "bad");
    check_str(split("\"any\"", "5.00"), "bad");
    check_str(split("\"any\"", "kr 5"), "bad");
    check_str(split("\"SEK\"", "kr 5"), "5 SEK");
    check_str(split("\"NOK\"", "5,00 kr."), "5,00 NOK");
    check_str(split("\"INR\"", "Rs.500"), "500 INR");
    check_str(split("\"USD\"", "USD.50"), "bad"); /* 50 or 0.50? */
    check_str(split("\"CHF\"", "Fr. 12.50"), "12.50 CHF");
    check_str(split("\"CNY\"", "\xc2\xa5"
                               "5"),
              "5 CNY");
}

TEST(money, what_is_none)
{
    static const char *const bad[] = {
        "", " ", "EUR", "$", "-", "()", "5 XYZ", "EURO5USD", "US$ 5 EUR", "5 EUR 10 EUR x", "EUR$5", "\xff 5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (strcmp(split("\"any\"", bad[i]), "bad") != 0) unit_fail("%s: %s", bad[i], split("\"any\"", bad[i]));
    char longer[200];
    memset(longer, '1', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    check_str(split("\"EUR\"", longer), "bad");
}

TEST(money, every_sign_stands_for_known_currencies)
{
    static const char *const signs[] = {"$", "kr", "Fr", "Rs", EURO, "C$", "\xe2\x82\xa4"};
    bool has_default;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        for (const char *p = currency_sign_find(slice_str(signs[i]), &has_default); *p; p += p[3] ? 4 : 3)
            check(currency_find(slice_of(p, 3)) != NULL);
    check_str(currency_find(SLICE_LIT("AED"))->code, "AED"); /* the ends of the table */
    check_str(currency_find(SLICE_LIT("zwl"))->code, "ZWL");
    check(!currency_find(SLICE_LIT("EU")) && !currency_find(SLICE_LIT("EURO")) && !currency_find(SLICE_LIT("AAA")));
}
