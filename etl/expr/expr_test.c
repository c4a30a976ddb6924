#include "etl/expr/expr_test.h"

TEST(expr, arithmetic_is_exact)
{
    check_str(result("q * price"), "15.30");
    check_str(result("q + 1"), "7");
    check_str(result("price + 0.005"), "2.555");
    check_str(result("price * 1.5"), "3.825");
    check_str(result("1 - price"), "-1.55");
    check_str(result("-q"), "-6");
    check_str(result("7 / 2"), "3");
    check_str(result("-7 / 2"), "-3");
    check_str(result("-7 % 3"), "-1");
    check_str(result("2 + 3 * 4 - (5 - 1)"), "10");
    check_str(result("10 - 3 - 2"), "5");
    check_str(result("divide(10, 3, 2)"), "3.33");
    check_str(result("multiply(1.234567, 7.6543219, 2)"), "9.45");
    check_str(result("multiply(0.5, -0.05, 2)"), "-0.03");
    check_str(result("multiply(2.5, 3, 0)"), "8");
    check_str(result("multiply(2, 3.5, 4)"), "7.0000");
    check_str(result("divide(price, 0.5, 1)"), "5.1");
    check_str(result("divide(-5, 2, 0)"), "-3");
    check_str(result("round(2.555, 2)"), "2.56");
    check_str(result("round(-2.5)"), "-3");
    check_str(result("round(price, 4)"), "2.5500");
    check_str(result("abs(-price)"), "2.55");
}

TEST(expr, overflow_is_never_a_number)
{
    check_str(result("big + 1"), "overflow");
    check_str(result("big * 2"), "overflow");
    check_str(result("-big - 2"), "overflow");
    check_str(result("big + 0.5"), "overflow");
    check_str(result("q / 0"), "zero division");
    check_str(result("q % 0"), "zero division");
    check_str(result("(-big - 1) / -1"), "overflow");
    check_str(result("(-big - 1) % -1"), "0");
    check_str(result("t + big"), "overflow");
    check_str(result("t + 1000000000000"), "overflow");
    check_str(result("from_unix(big)"), "overflow");
}

TEST(expr, null_is_as_in_sql)
{
    check_str(result("n + 1"), "NULL");
    check_str(result("n = 1"), "NULL");
    check_str(result("n is null"), "1");
    check_str(result("q is not null"), "1");
    check_str(result("n = 1 and false"), "0");
    check_str(result("n = 1 and true"), "NULL");
    check_str(result("n = 1 or true"), "1");
    check_str(result("not (n = 1)"), "NULL");
    check_str(result("n in (1, 2)"), "NULL");
    check_str(result("q in (1, n)"), "NULL");
    check_str(result("q in (1, 6, n)"), "1");
    check_str(result("q not in (1, 2)"), "1");
    check_str(result("if(n = 1, 'a', 'b')"), "b");
    check_str(result("coalesce(nothing, 'x')"), "x");
    check_str(result("coalesce(n, 1.5)"), "1.5");
    check_str(result("nullif(q, 6)"), "NULL");
    check_str(result("nullif(q, 5)"), "6");
    check_str(result("upper(nothing)"), "NULL");
}

TEST(expr, comparisons)
{
    check_str(result("price > 2.5"), "1");
    check_str(result("price = 2.550"), "1");
    check_str(result("q < 6.001"), "1");
    check_str(result("name >= 'Gr'"), "1");
    check_str(result("'a' < 'B'"), "0");
    check_str(result("q between 1 and 6"), "1");
    check_str(result("q not between 1 and 6"), "0");
    check_str(result("t < timestamp '2011-01-01 00:00:00'"), "1");
    check_str(result("d = date '2010-12-01'"), "1");
    check_str(result("1 != 2 and 1 <> 2 and 1 = 1 and 2 >= 2 and 2 <= 2"), "1");
    check_str(result("not q = 5 or q = 4"), "1");
}

TEST(expr, texts)
{
    check_str(result("upper('abc') || lower('DEF')"), "ABCdef");
    check_str(result("length(name)"), "11");
    check_str(result("left(name, 3)"), "Gr\xc3\xbc");
    check_str(result("right(name, 4)"), "Welt");
    check_str(result("substring(name, 4, 2)"), "\xc3\x9f"
                                               "e");
    check_str(result("substring(name, 8)"), "Welt");
    check_str(result("trim('  x ')"), "x");
    check_str(result("before('/a?b?c', '?')"), "/a");
    check_str(result("before('/a', '?')"), "/a");
    check_str(result("before_last('a.b.c', '.')"), "a.b");
    check_str(result("after('/a?b?c', '?')"), "b?c");
    check_str(result("after('/a', '?')"), "NULL");
    check_str(result("after_last('a.b.c', '.')"), "c");
    check_str(result("replace('a-b-c', '-', '+')"), "a+b+c");
    check_str(result("split_part('a;b;c', ';', 2)"), "b");
    check_str(result("split_part('a;b;c', ';', 4)"), "NULL");
    check_str(result("concat('a', 'b', 'c')"), "abc");
    check_str(result("starts_with(name, 'Gr') and ends_with(name, 'lt') and contains(name, ', ')"), "1");
    check_str(result("'it''s'"), "it's");
    check_str(result("matches('/x.PNG', '(?i)\\.png$')"), "1");
    check_str(result("matches('png', '^ng')"), "0");
    check_str(result("extract('id=42;', 'id=([0-9]+)')"), "42");
    check_str(result("extract('id=42;', '[a-z]+')"), "id");
    check_str(result("extract('id=42;', '([a-z]+)=([0-9]+)', 2)"), "42");
    check_str(result("extract('none', 'id=([0-9]+)')"), "NULL");
    check_str(result("map(q, 5, 'five', 6, 'six', 'many')"), "six");
    check_str(result("map(q, 5, 'five', 7, 'seven', 'many')"), "many");
    check_str(result("least(3, 1.5, 2)"), "1.5");
    check_str(result("greatest('a', 'c', 'b')"), "c");
    check_str(result("integer('12') + integer(price)"), "14");
    check_str(result("integer('12x')"), "no number");
    check_str(result("decimal('1.5', 2)"), "1.50");
    check_str(result("decimal('1.555', 2)"), "no number");
    check_str(result("text(price) || '!'"), "2.55!");
}

TEST(expr, times)
{
    check_str(result("date(t)"), "2010-12-01");
    check_str(result("hour_start(t)"), "2010-12-01 08:00:00");
    check_str(result("minute_start(t + 59)"), "2010-12-01 08:26:00");
    check_str(result("window_start(t, 900)"), "2010-12-01 08:15:00");
    check_str(result("week_start(t)"), "2010-11-29");
    check_str(result("month_start(d)"), "2010-12-01");
    check_str(result("month(t)"), "2010-12");
    check_str(result("year(d) * 10000 + month_number(t) * 100 + day_of_month(t)"), "20101201");
    check_str(result("day_of_week(t)"), "3");
    check_str(result("hour(t) * 100 + minute(t)"), "826");
    check_str(result("format(t, '%d.%m.%Y')"), "01.12.2010");
    check_str(result("parse_timestamp('01.12.2010 08:26', '%d.%m.%Y %H:%M') = t"), "1");
    check_str(result("parse_date('1.13.2010', '%-d.%-m.%Y')"), "no number");
    check_str(result("t - timestamp '2010-12-01 08:00:00'"), "1560");
    check_str(result("d - date '2010-11-30'"), "1");
    check_str(result("d + 31"), "2011-01-01");
    check_str(result("unix(t)"), "1291191960");
    check_str(result("timestamp(d)"), "2010-12-01 00:00:00");
}

TEST(expr, errors_say_what_and_where)
{
    check_error("quantty", "here: there is no column \"quantty\" here");
    check_error("nme", "did you mean \"name\"?");
    check_error("uper(name)", "did you mean upper()?");
    check_error("q + name", "integer + text is not defined");
    check_error("name + 'x'", "joined with ||");
    check_error("q = name", "integer and text do not go together");
    check_error("q = null", "is null");
    check_error("q > 1 && q < 3", "not \"&\"; there is and");
    check_error("!(q = 1)", "not \"!\"; there is not");
    check_error("cast(q as text)", "not \"as\"; a type is made with integer(x)");
    check_error("date '2024-12-31' > '2024-01-01'", "do not go together (a date is written date '2024-12-31')");
    check_error("date '2024-12-31' - timestamp '2024-12-31 00:00:00'", "is not defined (date(x) and timestamp(x)");
    check_error("upper(q)", "argument 1 of upper() must be text, not integer");
    check_error("upper()", "at least 1 argument, not 0");
    check_error("trim(name, name)", "at most 1 argument, not 2");
    check_error("price / 2", "divide(a, b, decimals)");
    check_error("q +", "it ends where a value is expected");
    check_error("(q", "ends where \")\" is expected");
    check_error("q q", "an operator or the end is expected, not \"q\"");
    check_error("'abc", "not closed");
    check_error("matches(name, '(')", "bad regular expression");
    check_error("name like 'a%'", "not \"like\"; there is matches(text, 'regular expression')");
    check_error("name not like 'a%'", "not \"like\"; there is matches(text, 'regular expression')");
    check_error("case when n > 1 then 1 end", "there is no \"case\"; there is if(condition, value, otherwise)");
    check_error("matches(name, name)", "must be a text between quotes");
    check_error("format(t, '%Q')", "directive that does not exist");
    check_error("date '2010-02-30'", "is not a date");
    check_error("price * price * price * price * price", "at most 9");
    check_error("if(name, 1, 2)", "argument 1 of if() must be integer");
    check_error("map(q, 1, 2)", "map() takes");
    check_error("decimal(price, 1)", "would lose decimals");
    check_error("\"q\"", "texts stand between single quotes");
    check_error("q + name", "at character");
    check_error("", "it ends where a value is expected");
    check_error("99999999999999999999", "too large");
}

TEST(expr, depth_is_bounded)
{
    char deep[4000];
    memset(deep, '(', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    check_error(deep, "nested too deeply");
    memset(deep, '-', sizeof deep - 1);
    check_error(deep, "nested too deeply");
    char longer[5000];
    memset(longer, ' ', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    check_error(longer, "at most 4096 bytes");
}

TEST(expr, conditions_are_true_or_not)
{
    struct arena arena = {0};
    struct expr *e;
    check_int(expr_compile("q * price > n", &SCOPE, &arena, "here", &e, NULL), 0);
    check_int(expr_type(e), VALUE_INTEGER);
    struct value values[VALUES_COUNT];
    values_fill(values);
    check(!expr_true(e, values, &arena)); /* NULL is not true */
    values[6] = (struct value){.type = VALUE_INTEGER, .i = 15};
    check(expr_true(e, values, &arena));
    values[6].i = 16;
    check(!expr_true(e, values, &arena));
    expr_release(e);
    arena_release(&arena);
}
