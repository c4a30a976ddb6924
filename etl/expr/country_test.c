#include "etl/expr/country.h"

#include "etl/expr/expr_test.h"

TEST(country, names_in_several_languages)
{
    static const char *const same[][2] = {
        {"Germany", "DE"},
        {"Deutschland", "DE"},
        {"GERMANIA", "DE"},
        {"allemagne", "DE"},
        {"de", "DE"},
        {"DEU", "DE"},
        {" B.R.D. ", "DE"},
        {"EIRE", "IE"},
        {"U.K.", "GB"},
        {"Regno Unito", "GB"},
        {"England", "GB"},
        {"USA", "US"},
        {"u.s.a.", "US"},
        {"Stati Uniti", "US"},
        {"\xc3\x89tats-Unis", "US"},
        {"Etats Unis", "US"},
        {"Italia", "IT"},
        {"Repubblica Italiana", "IT"},
        {"\xc3\x96sterreich", "AT"},
        {"Oesterreich", "AT"},
        {"Autriche", "AT"},
        {"C\xc3\xb4te d\xe2\x80\x99Ivoire", "CI"},
        {"Cote dIvoire", "CI"},
        {"RSA", "ZA"},
        {"The Netherlands", "NL"},
        {"Holland", "NL"},
        {"\xe6\x97\xa5\xe6\x9c\xac", "JP"},
        {"\xce\x95\xce\xbb\xce\xbb\xce\xac\xce\xb4\xce\xb1", "GR"},
        {"Republic of Finland", "FI"},
        {"the Republic of the Philippines", "PH"},
        {"Korea, Republic of", "KR"},
        {"Bosnia & Herzegovina", "BA"},
        {"T\xc3\xbcrkiye", "TR"},
        {"Turkey", "TR"},
        {"\xef\xbc\xa9\xef\xbc\xb4", "IT"} /* full width */,
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        char text[200];
        snprintf(text, sizeof text, "country('%s')", same[i][0]);
        if (strcmp(result(text), same[i][1]) != 0) unit_fail("%s: %s, not %s", same[i][0], result(text), same[i][1]);
    }
}

TEST(country, what_is_none_is_null)
{
    static const char *const none[] = {
        "",   "-",   "Unspecified", "Channel Islands", "European Community", "West Indies",
        "XX", "XYZ", "the",         "Germany2",        "the US of",          "Republic of"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        char text[200];
        snprintf(text, sizeof text, "country('%s')", none[i]);
        if (strcmp(result(text), "NULL") != 0) unit_fail("%s: %s", none[i], result(text));
    }
    check_str(result("country(nothing)"), "NULL");
    check_str(result("country(raw)"), "bad text");
}

TEST(country, english_names)
{
    check_str(result("country_name('DE')"), "Germany");
    check_str(result("country_name('ci')"), "C\xc3\xb4te d'Ivoire");
    check_str(result("country_name('Stati Uniti')"), "United States");
    check_str(result("country_name('ZZ')"), "NULL");
}

/* ISO 3166-1 has 249 countries. Each name leads to its own row, and no name stands for two. */
TEST(country, the_table_is_consistent)
{
    struct arena arena = {0};
    const struct country_index *index = country_index_new(&arena);
    const struct country_row *found;
    int count = 0;
    for (const struct country_row *row = COUNTRIES; row->alpha2; row++, count++) {
        const char *own[] = {row->alpha2, row->alpha3, row->name};
        check(strlen(row->alpha2) == 2 && strlen(row->alpha3) == 3);
        for (size_t i = 0; i < 3; i++)
            if (country_find(index, slice_str(own[i]), &arena, &found) != COUNTRY_FOUND || found != row)
                unit_fail("%s of %s", own[i], row->alpha2);
        for (const char *p = row->others, *end; *p; p = end + (*end == '|')) {
            end = strchrnul(p, '|');
            if (country_find(index, slice_of(p, (size_t)(end - p)), &arena, &found) != COUNTRY_FOUND || found != row)
                unit_fail("%.*s of %s", (int)(end - p), p, row->alpha2);
        }
        if (row > COUNTRIES) check(strcmp(row[-1].alpha2, row->alpha2) < 0);
    }
    check_int(count, 249);
    arena_release(&arena);
}
