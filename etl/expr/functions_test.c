#include "etl/expr/expr_test.h"

#define E_ACUTE  "\xc3\xa9"  /* U+00E9 */
#define E_TWO    "e\xcc\x81" /* e and U+0301 */
#define U_UMLAUT "\xc3\xbc"
#define SHARP    "\xc3\x9f"

TEST(unicode, normal_forms)
{
    check_str(result("normalize('plain')"), "plain");
    check_str(result("normalize('caf" E_TWO "')"), "caf" E_ACUTE);
    check_str(result("normalize('caf" E_ACUTE "') = normalize('caf" E_TWO "')"), "1");
    check_str(result("normalize('caf" E_ACUTE "', 'NFD')"), "caf" E_TWO);
    check_str(result("normalize('\xef\xac\x81t', 'nfkc')"), "fit"); /* the ligature U+FB01 */
    check_str(result("normalize('\xef\xac\x81t')"), "\xef\xac\x81t");
    check_str(result("normalize('\xef\xbc\xa1" E_ACUTE "', 'NFKD')"), "A" E_TWO); /* a full-width A */
    check_str(result("length(normalize('\xed\x95\x9c', 'NFD'))"), "3");           /* one Korean syllable */
    check_str(result("normalize('')"), "");
    check_str(result("normalize(nothing)"), "NULL");
    check_str(result("normalize(raw)"), "bad text");
}

/* One character that becomes eighteen: more room than the first guess. */
TEST(unicode, a_text_that_grows)
{
    check_str(result("length(normalize('\xef\xb7\xba\xef\xb7\xba\xef\xb7\xba', 'NFKC'))"), "54");
}

TEST(unicode, folding_is_for_comparison)
{
    check_str(result("fold_case('STRASSE') = fold_case('Stra" SHARP "e')"), "1");
    check_str(result("fold_case('\xce\xa3\xcf\x82')"), "\xcf\x83\xcf\x83"); /* both sigmas */
    check_str(result("fold_case(nothing)"), "NULL");
    check_str(result("fold_case(raw)"), "bad text");
}

TEST(unicode, accents)
{
    check_str(result("strip_accents('Cr" E_ACUTE "me " E_TWO " \xc3\x85ngstr\xc3\xb6m')"), "Creme e Angstrom");
    check_str(result("strip_accents('Stra" SHARP "e \xc3\xb8 \xc5\x82')"), "Stra" SHARP "e \xc3\xb8 \xc5\x82");
    check_str(result("strip_accents('\xed\x95\x9c')"), "\xed\x95\x9c"); /* no mark in it: it stays one */
    check_str(result("strip_accents(raw)"), "bad text");
}

TEST(unicode, ascii_case_is_what_it_always_was)
{
    check_str(result("upper('gr" U_UMLAUT "n')"), "GR" U_UMLAUT "N");
    check_str(result("lower('GR\xc3\x9cN')"), "gr\xc3\x9cn");
    check_str(result("upper('x', 'ascii')"), "X");
    check_str(result("upper(raw)"), "A\xff Z");
}

TEST(unicode, case_of_all_letters)
{
    check_str(result("upper('gr" U_UMLAUT "n " SHARP "', 'unicode')"), "GR\xc3\x9cN SS");
    check_str(result("lower('GR\xc3\x9cN \xce\xa9', 'UNICODE')"), "gr" U_UMLAUT "n \xcf\x89");
    check_str(result("upper(nothing, 'unicode')"), "NULL");
    check_str(result("upper(raw, 'unicode')"), "bad text");
    check_error("upper('x', 'german')", "upper() needs 'ascii' or 'unicode' here, written out");
    check_error("normalize(name, name)", "normalize() needs 'NFC', 'NFKC', 'NFD' or 'NFKD' here");
}

TEST(unicode, titles)
{
    check_str(result("title('aLICE in wonder-land 2nd')"), "Alice In Wonder-Land 2nd");
    check_str(result("title('o''brien d\xe2\x80\x99"
                     "angelo')"),
              "O'Brien D\xe2\x80\x99"
              "Angelo");
    check_str(result("title('WOMEN''S " U_UMLAUT "ber')"), "Women's \xc3\x9c"
                                                           "ber");
    check_str(result("title('')"), "");
    check_str(result("title(raw)"), "bad text");
}

TEST(unicode, blanks)
{
    check_str(result("collapse_blanks('  a \t b\xc2\xa0\xe2\x80\xaf"
                     "c\xe3\x80\x80')"),
              "a b c");
    check_str(result("collapse_blanks(' \xc2\xa0 ')"), "");
    check_str(result("collapse_blanks('one')"), "one");
    check_str(result("collapse_blanks(nothing)"), "NULL");
    check_str(result("collapse_blanks(raw)"), "bad text");
}

TEST(code, hash)
{
    check_str(result("hash('abc')"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); /* FIPS 180 */
    check_str(result("hash('')"), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_str(result("length(hash(raw))"), "64");
    check_str(result("hash(nothing)"), "NULL");
}

TEST(code, urls)
{
    check_str(result("html_decode('Caf&eacute; &amp; Bar &#x20AC;5 &quot;&#233;&yuml;&nbsp;')"),
              "Caf" E_ACUTE " & Bar \xe2\x82\xac"
              "5 \"" E_ACUTE "\xc3\xbf\xc2\xa0");
    check_str(result("html_decode('&#128;&#128512;&amp;amp;')"), "\xe2\x82\xac\xf0\x9f\x98\x80&amp;");
    check_str(result("html_decode('AT&T; &eacute &;&#;&#x;&#xD800;&#1114112;&#99999999;&nosuch; &Eacut')"),
              "AT&T; &eacute &;&#;&#x;&#xD800;&#1114112;&#99999999;&nosuch; &Eacut");
    check_str(result("html_decode('&#0;&')"), "&#0;&");
    check_str(result("html_decode(nothing)"), "NULL");
    check_str(result("url_decode('caf%C3%A9+%26%2b')"), "caf" E_ACUTE " &+");
    check_str(result("url_decode('100%')"), "100%");
    check_str(result("url_decode('%4')"), "%4");
    check_str(result("url_decode('%zz%41')"), "%zzA");
    check_str(result("url_decode('%FF')"), "bad text");
    check_str(result("url_decode('a%00b')"), "bad text");
    check_str(result("length(url_decode(zero))"), "3");
    check_str(result("query_value('/s?q=red+shoes&page=2', 'q')"), "red shoes");
    check_str(result("query_value('/s?q=red+shoes&page=2#q=9', 'page')"), "2");
    check_str(result("query_value('/s?a%5B%5D=1', 'a[]')"), "1");
    check_str(result("query_value('/s?q&x=1', 'q')"), "");
    check_str(result("query_value('/s?xq=1&q=2&q=3', 'q')"), "2");
    check_str(result("query_value('/s?%ff=1&q=%ff', 'q')"), "bad text");
    check_str(result("query_value('/s?x=1', 'q')"), "NULL");
    check_str(result("query_value('/s', 'q')"), "NULL");
    check_str(result("query_value('', 'q')"), "NULL");
    check_str(result("query_value(nothing, 'q')"), "NULL");
}

TEST(code, replacing_by_pattern)
{
    check_str(result("regex_replace('a1b22', '[0-9]+', '#')"), "a#b#");
    check_str(result("regex_replace('Doe, Jane', '^(\\w+), (\\w+)$', '$2 ${1} $$')"), "Jane Doe $");
    check_str(result("regex_replace('abc', 'x', 'y')"), "abc");
    check_str(result("regex_replace('abc', '', '-')"), "-a-b-c-");
    check_str(result("regex_replace(nothing, 'x', 'y')"), "NULL");
    check_str(result("length(regex_replace('aaaaaaaaaaaaaaaaaaaa', 'a', '1234567890'))"), "200");
    check_error("regex_replace(name, '(x)', '$2')", "the pattern has no group of this number");
    check_error("regex_replace(name, 'x', '$')", "a $ must be followed by a group's number");
    check_error("regex_replace(name, 'x', '${0')", "must be closed");
    check_error("regex_replace(name, '(', '')", "bad regular expression");
    check_error("regex_replace(name, 'x', name)", "must be a text between quotes");
}

TEST(code, padding)
{
    check_str(result("pad_left('7', 3, '0')"), "007");
    check_str(result("pad_left('1234', 3, '0')"), "1234");
    check_str(result("pad_left('" E_ACUTE "', 3, '" E_ACUTE "x')"), E_ACUTE E_ACUTE E_ACUTE);
    check_str(result("pad_left('x', 3, '')"), "x");
    check_str(result("pad_left('x', -1, '0')"), "x");
    check_str(result("pad_left('x', big, '0')"), "overflow");
    check_str(result("pad_left('x', n, '0')"), "NULL");
}

TEST(choice, what_cannot_be_computed_may_be_tried)
{
    check_str(result("try(integer('12x'))"), "NULL");
    check_str(result("try(integer('12'))"), "12");
    check_str(result("try(q / 0, -1)"), "-1");
    check_str(result("try(big + 1, 0.5)"), "0.5");
    check_str(result("try(q, 0.5)"), "6.0");
    check_str(result("try(parse_date('31.02.2024', '%d.%m.%Y'))"), "NULL");
    check_str(result("try(url_decode('%ff'), '?')"), "?");
    check_error("try(q, 'x')", "do not go together");
}

TEST(time, calendar_of_iso_8601)
{
    check_str(result("iso_year(date '2024-12-30') * 100 + iso_week(date '2024-12-30')"), "202501");
    check_str(result("iso_year(date '2021-01-03') * 100 + iso_week(date '2021-01-03')"), "202053");
    check_str(result("iso_year(date '1969-12-28') * 100 + iso_week(date '1969-12-28')"), "196952");
    check_str(result("iso_week(timestamp '2020-12-31 23:59:59')"), "53");
    check_str(result("quarter(date '2024-03-31') * 10 + quarter(timestamp '2024-10-01 00:00:00')"), "14");
    check_str(result("days_between(date '2024-02-28', timestamp '2024-03-01 23:00:00')"), "2");
    check_str(result("days_between(t, date '2010-11-30')"), "-1");
    check_str(result("days_between(t, null)"), "NULL");
}

TEST(time, wall_clocks_of_zones)
{
    check_str(result("in_zone(timestamp '2024-07-15 10:00:00', 'Europe/Rome')"), "2024-07-15 12:00:00");
    check_str(result("date(in_zone(timestamp '2024-01-15 23:30:00', 'Europe/Rome'))"), "2024-01-16");
    check_str(result("in_zone(t, '-01:30')"), "2010-12-01 06:56:00");
    check_str(result("to_utc(timestamp '2024-07-15 12:00:00', 'Europe/Rome')"), "2024-07-15 10:00:00");
    check_str(result("to_utc(timestamp '2024-10-27 02:30:00', 'Europe/Rome')"), "no number");
    check_str(result("to_utc(timestamp '2024-10-27 02:30:00', 'Europe/Rome', 'earlier')"), "2024-10-27 00:30:00");
    check_str(result("to_utc(timestamp '2024-10-27 02:30:00', 'Europe/Rome', 'later')"), "2024-10-27 01:30:00");
    check_str(result("try(to_utc(timestamp '2024-03-31 02:30:00', 'Europe/Rome'))"), "NULL");
    check_str(result("in_zone(timestamp '9999-12-31 23:30:00', 'Europe/Rome')"), "overflow");
    check_str(result("to_utc(timestamp '0000-01-01 00:00:00', 'Europe/Rome')"), "overflow");
    check_str(result("in_zone(null, 'Europe/Rome')"), "NULL");
    check_error("in_zone(t, 'Europe/Rom')", "in_zone(): there is no time zone \"Europe/Rom\" in ");
    check_error("in_zone(t, 'Europe/Rom')", "did you mean \"Europe/Rome\"?");
    check_error("in_zone(t, name)", "must be a text between quotes");
    check_error("to_utc(t, 'Europe/Rome', 'first')", "needs 'reject', 'earlier' or 'later' here");
    check_error("in_zone(d, 'Europe/Rome')", "argument 1 of in_zone() must be timestamp, not date");
}

TEST(money, minor_units)
{
    check_str(result("minor_units('EUR') * 100 + minor_units('jpy') * 10 + minor_units('KWD')"), "203");
    check_str(result("minor_units('CLF')"), "4");
    check_str(result("minor_units('EURO')"), "NULL");
    check_str(result("minor_units('XXX')"), "NULL");
    check_str(result("from_minor(1250, 'EUR', 2)"), "12.50");
    check_str(result("from_minor(-1250, 'JPY', 2)"), "-1250.00");
    check_str(result("from_minor(1250, 'KWD', 3)"), "1.250");
    check_str(result("from_minor(1250, 'KWD', 2)"), "1.25");
    check_str(result("from_minor(1251, 'KWD', 2)"), "overflow"); /* a digit would be lost */
    check_str(result("from_minor(big, 'EUR', 3)"), "overflow");
    check_str(result("from_minor(5, 'XYZ', 2)"), "NULL");
    check_str(result("from_minor(n, 'EUR', 2)"), "NULL");
    check_error("from_minor(5, 'EUR', q)", "from_minor() needs a whole number from 1 to 9 here");
    check_error("from_minor(5.0, 'EUR', 2)", "argument 1 of from_minor() must be integer");
}

TEST(time, the_fraction_of_a_second)
{
    check_str(result("fraction('2024-10-07T00:33:22.120Z', '%FT%T.%f%z', 3)"), "120");
    check_str(result("fraction('2024-10-07 00:33:22.0159', '%F %T.%f', 3)"), "15");
    check_str(result("fraction('2024-10-07 00:33:22.5', 'iso8601', 9)"), "500000000");
    check_str(result("fraction('2024-10-07 00:33:22', 'iso8601', 3)"), "0");
    check_str(result("fraction('nonsense', 'iso8601', 3)"), "no number");
    check(strstr(result("fraction('x', '%F', 10)"), "from 1 to 9"));
    check(strstr(result("1 == 1"), "\"=\" is expected, not \"==\""));
    check_str(result("matches('\xc3\xa9', '^\\w$')"), "0");
    check_str(result("matches('\xc3\xa9', '(*UCP)^\\w$')"), "1");
}
