#include "etl/currency.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* clang-format off */
static const struct currency CURRENCIES[] = { /* by code */
    {"AED", 2}, {"AFN", 2}, {"ALL", 2}, {"AMD", 2}, {"ANG", 2}, {"AOA", 2}, {"ARS", 2}, {"ATS", 2}, {"AUD", 2},
    {"AWG", 2}, {"AZN", 2}, {"BAM", 2}, {"BBD", 2}, {"BDT", 2}, {"BEF", 2}, {"BGN", 2}, {"BHD", 3}, {"BIF", 0},
    {"BMD", 2}, {"BND", 2}, {"BOB", 2}, {"BOV", 2}, {"BRL", 2}, {"BSD", 2}, {"BTN", 2}, {"BWP", 2}, {"BYN", 2},
    {"BZD", 2}, {"CAD", 2}, {"CDF", 2}, {"CHE", 2}, {"CHF", 2}, {"CHW", 2}, {"CLF", 4}, {"CLP", 0}, {"CNY", 2},
    {"COP", 2}, {"COU", 2}, {"CRC", 2}, {"CUC", 2}, {"CUP", 2}, {"CVE", 2}, {"CYP", 2}, {"CZK", 2}, {"DEM", 2},
    {"DJF", 0}, {"DKK", 2}, {"DOP", 2}, {"DZD", 2}, {"EEK", 2}, {"EGP", 2}, {"ERN", 2}, {"ESP", 0}, {"ETB", 2},
    {"EUR", 2}, {"FIM", 2}, {"FJD", 2}, {"FKP", 2}, {"FRF", 2}, {"GBP", 2}, {"GEL", 2}, {"GHS", 2}, {"GIP", 2},
    {"GMD", 2}, {"GNF", 0}, {"GRD", 2}, {"GTQ", 2}, {"GYD", 2}, {"HKD", 2}, {"HNL", 2}, {"HRK", 2}, {"HTG", 2},
    {"HUF", 2}, {"IDR", 2}, {"IEP", 2}, {"ILS", 2}, {"INR", 2}, {"IQD", 3}, {"IRR", 2}, {"ISK", 0}, {"ITL", 0},
    {"JMD", 2}, {"JOD", 3}, {"JPY", 0}, {"KES", 2}, {"KGS", 2}, {"KHR", 2}, {"KMF", 0}, {"KPW", 2}, {"KRW", 0},
    {"KWD", 3}, {"KYD", 2}, {"KZT", 2}, {"LAK", 2}, {"LBP", 2}, {"LKR", 2}, {"LRD", 2}, {"LSL", 2}, {"LTL", 2},
    {"LUF", 0}, {"LVL", 2}, {"LYD", 3}, {"MAD", 2}, {"MDL", 2}, {"MGA", 2}, {"MKD", 2}, {"MMK", 2}, {"MNT", 2},
    {"MOP", 2}, {"MRU", 2}, {"MTL", 2}, {"MUR", 2}, {"MVR", 2}, {"MWK", 2}, {"MXN", 2}, {"MXV", 2}, {"MYR", 2},
    {"MZN", 2}, {"NAD", 2}, {"NGN", 2}, {"NIO", 2}, {"NLG", 2}, {"NOK", 2}, {"NPR", 2}, {"NZD", 2}, {"OMR", 3},
    {"PAB", 2}, {"PEN", 2}, {"PGK", 2}, {"PHP", 2}, {"PKR", 2}, {"PLN", 2}, {"PTE", 2}, {"PYG", 0}, {"QAR", 2},
    {"RON", 2}, {"RSD", 2}, {"RUB", 2}, {"RWF", 0}, {"SAR", 2}, {"SBD", 2}, {"SCR", 2}, {"SDG", 2}, {"SEK", 2},
    {"SGD", 2}, {"SHP", 2}, {"SIT", 2}, {"SKK", 2}, {"SLE", 2}, {"SLL", 2}, {"SOS", 2}, {"SRD", 2}, {"SSP", 2},
    {"STN", 2}, {"SVC", 2}, {"SYP", 2}, {"SZL", 2}, {"THB", 2}, {"TJS", 2}, {"TMT", 2}, {"TND", 3}, {"TOP", 2},
    {"TRY", 2}, {"TTD", 2}, {"TWD", 2}, {"TZS", 2}, {"UAH", 2}, {"UGX", 0}, {"USD", 2}, {"USN", 2}, {"UYI", 0},
    {"UYU", 2}, {"UYW", 4}, {"UZS", 2}, {"VED", 2}, {"VES", 2}, {"VND", 0}, {"VUV", 0}, {"WST", 2}, {"XAF", 0},
    {"XCD", 2}, {"XCG", 2}, {"XOF", 0}, {"XPF", 0}, {"YER", 2}, {"ZAR", 2}, {"ZMW", 2}, {"ZWG", 2}, {"ZWL", 2},
};

/* Words are compared without regard to the case of A-Z; a point behind one ("Fr.", "kr.") is taken off before. */
static const struct {
    const char *sign, *codes;
    bool has_default;
} SIGNS[] = {
    {"\xe2\x82\xac", "EUR", true}, {"euro", "EUR", true}, {"euros", "EUR", true},
    {"$", "USD ARS AUD BBD BMD BND BSD BZD CAD CLP COP CUP FJD GYD HKD JMD LRD MXN NAD NZD SGD SRD TTD TWD UYU XCD", true},
    {"US$", "USD", true}, {"U$", "USD", true}, {"dollar", "USD", true}, {"dollars", "USD", true},
    {"A$", "AUD", true}, {"AU$", "AUD", true}, {"C$", "CAD NIO", true}, {"CA$", "CAD", true}, {"Can$", "CAD", true},
    {"NZ$", "NZD", true}, {"HK$", "HKD", true}, {"S$", "SGD", true}, {"SG$", "SGD", true}, {"NT$", "TWD", true},
    {"R$", "BRL", true}, {"MX$", "MXN", true}, {"AR$", "ARS", true},
    {"\xc2\xa3", "GBP EGP FKP GIP IEP LBP SHP SYP", true}, {"GB\xc2\xa3", "GBP", true}, {"pound", "GBP", true},
    {"pounds", "GBP", true},
    {"\xc2\xa5", "JPY CNY", true}, {"\xef\xbf\xa5", "JPY CNY", true}, {"JP\xc2\xa5", "JPY", true},
    {"CN\xc2\xa5", "CNY", true}, {"RMB", "CNY", true}, {"\xe5\x86\x86", "JPY", true}, {"\xe5\x85\x83", "CNY", true},
    {"kr", "SEK NOK DKK ISK", false}, {"SFr", "CHF", true}, {"Fr", "CHF FRF BEF LUF", false},
    {"z\xc5\x82", "PLN", true}, {"K\xc4\x8d", "CZK", true}, {"Ft", "HUF", true}, {"lei", "RON MDL", true},
    {"\xd0\xbb\xd0\xb2", "BGN", true}, {"\xe2\x82\xbd", "RUB", true}, {"\xd1\x80\xd1\x83\xd0\xb1", "RUB", true},
    {"\xe2\x82\xb4", "UAH", true}, {"\xe2\x82\xba", "TRY", true}, {"TL", "TRY", true}, {"\xe2\x82\xaa", "ILS", true},
    {"\xe2\x82\xb9", "INR", true}, {"Rs", "INR PKR LKR NPR MUR SCR", false}, {"\xe2\x82\xa9", "KRW KPW", true},
    {"\xe2\x82\xab", "VND", true}, {"\xe0\xb8\xbf", "THB", true}, {"\xe2\x82\xb1", "PHP", true},
    {"\xe2\x82\xa6", "NGN", true}, {"\xe2\x82\xb8", "KZT", true}, {"\xe2\x82\xbe", "GEL", true}, {"RM", "MYR", true},
    {"Rp", "IDR", true}, {"R", "ZAR", true}, {"DM", "DEM", true}, {"Lit", "ITL", true}, {"Pts", "ESP", true},
    {"\xe2\x82\xa4", "ITL GBP", true}, {"\xe2\x82\xa7", "ESP", true}, {"S/", "PEN", true},
};
/* clang-format on */

/* The bytes of a code as it is looked for: three letters, NUL behind them. */
static int currency_compare(const void *code, const void *currency)
{
    return strcasecmp(code, ((const struct currency *)currency)->code);
}

const struct currency *currency_find(struct slice code)
{
    char text[4] = {0};
    if (code.n != 3) return NULL;
    memcpy(text, code.p, 3);
    return bsearch(text, CURRENCIES, sizeof CURRENCIES / sizeof *CURRENCIES, sizeof *CURRENCIES, currency_compare);
}

const char *currency_sign_find(struct slice sign, bool *has_default)
{
    const struct currency *own = currency_find(sign);
    *has_default = own != NULL;
    if (own) return own->code;
    for (size_t i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++) {
        if (strlen(SIGNS[i].sign) != sign.n || strncasecmp(SIGNS[i].sign, (const char *)sign.p, sign.n) != 0) continue;
        *has_default = SIGNS[i].has_default;
        return SIGNS[i].codes;
    }
    return "";
}
