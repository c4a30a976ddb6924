#include "etl/draft/candidates.h"

#include <assert.h>

#include "etl/source/csv.h"

/* --- numbers --- */

static struct candidate *add(struct candidates *all, enum value_type type)
{
    assert(all->count < CSV_FIELDS_MAX);
    struct candidate *c = &all->items[all->count++];
    *c = (struct candidate){.type = type, .keys = "", .point = '.'};
    return c;
}

/* Digits are tried at the largest scale first; large amounts need a smaller one to stay within 64 bits. */
static void decimals_add(struct candidates *all, const char *keys, char point, char thousands)
{
    static const int scales[] = {9, 4, 2};
    for (int i = 0; i < 3; i++) {
        struct candidate *c = add(all, VALUE_DECIMAL);
        c->keys = keys;
        c->point = point;
        c->thousands = thousands;
        c->scale = scales[i];
    }
}

static void integer_add(struct candidates *all, const char *keys, char thousands)
{
    struct candidate *c = add(all, VALUE_INTEGER);
    c->keys = keys;
    c->thousands = thousands;
}

/* Each way of writing large numbers, with `more` keys (of a currency). */
static void grouped_add(struct candidates *all, const char *more)
{
    static const struct {
        const char *keys;
        char point, thousands;
    } ways[] = {{"", '.', 0},
                {", \"decimal_point\": \",\"", ',', 0},
                {", \"thousands\": \",\"", '.', ','},
                {", \"decimal_point\": \",\", \"thousands\": \".\"", ',', '.'},
                {", \"decimal_point\": \",\", \"thousands\": \" \"", ',', ' '},
                {", \"thousands\": \"'\"", '.', '\''}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        decimals_add(all, arena_printf(&all->arena, "%s%s", ways[i].keys, more), ways[i].point, ways[i].thousands);
}

static void numbers_add(struct candidates *all)
{
    static const char *const currencies[] = {"EUR", "USD", "GBP", "CHF", "JPY", "SEK", "PLN", NULL};
    integer_add(all, "", 0);
    integer_add(all, ", \"decimal_zeros\": true", 0);
    decimals_add(all, "", '.', 0);
    integer_add(all, ", \"thousands\": \",\"", ',');
    integer_add(all, ", \"decimal_point\": \",\", \"thousands\": \".\"", '.');
    integer_add(all, ", \"thousands\": \" \"", ' ');
    integer_add(all, ", \"thousands\": \"'\"", '\'');
    grouped_add(all, "");
    struct candidate *c = add(all, VALUE_DECIMAL);
    c->keys = ", \"exponent\": true, \"round\": true";
    c->scale = 9;
    c->scale_fixed = true;
    grouped_add(all, ", \"strip\": [\"%\", \" \"]");
    for (int i = 0; currencies[i]; i++)
        grouped_add(all, arena_printf(&all->arena, ", \"currency\": \"%s\"", currencies[i]));
}

/* --- dates and times --- */

static void time_add(struct candidates *all, enum value_type type, const char *format, enum day_order order)
{
    struct candidate *c = add(all, type);
    c->format = format;
    c->order = order;
    c->keys = arena_printf(&all->arena, ", \"format\": \"%s\"", format);
}

static const struct {
    const char *format;
    enum day_order order;
} DATES[] = {{"%Y-%m-%d", ORDER_NONE},        {"%Y/%m/%d", ORDER_NONE},        {"%d.%m.%Y", ORDER_NONE},
             {"%d/%m/%Y", ORDER_DAY_FIRST},   {"%m/%d/%Y", ORDER_MONTH_FIRST}, {"%d-%m-%Y", ORDER_DAY_FIRST},
             {"%m-%d-%Y", ORDER_MONTH_FIRST}, {"%-d/%-m/%Y", ORDER_DAY_FIRST}, {"%-m/%-d/%Y", ORDER_MONTH_FIRST},
             {"%-d.%-m.%Y", ORDER_NONE},      {"%d.%m.%y", ORDER_NONE},        {"%d/%m/%y", ORDER_DAY_FIRST},
             {"%m/%d/%y", ORDER_MONTH_FIRST}, {"%-d/%-m/%y", ORDER_DAY_FIRST}, {"%-m/%-d/%y", ORDER_MONTH_FIRST},
             {"%-d %b %Y", ORDER_NONE},       {"%-d %B %Y", ORDER_NONE},       {"%d-%b-%Y", ORDER_NONE},
             {"%-d %b %y", ORDER_NONE},       {"%d-%b-%y", ORDER_NONE},        {"%b %-d, %Y", ORDER_NONE},
             {"%B %-d, %Y", ORDER_NONE},      {"%b %-d %Y", ORDER_NONE},       {"%B %-d %Y", ORDER_NONE}};

static void times_add(struct candidates *all)
{
    static const char *const clocks[] = {" %H:%M:%S",     " %H:%M",       " %-H:%M",     " %-I:%M %p",
                                         " %-I:%M:%S %p", "T%H:%M:%S",    "T%H:%M:%S%z", "T%H:%M:%S.%f%z",
                                         " %H:%M:%S.%f",  " %H:%M:%S %z", " %H:%M:%S%z", "T%H:%M:%S.%f"};
    static const char *const whole[] = {"%d/%b/%Y:%H:%M:%S %z", "%a, %d %b %Y %H:%M:%S %z", "%a %b %e %H:%M:%S %Y",
                                        "[%d/%b/%Y:%H:%M:%S %z]", "iso8601"};
    for (size_t d = 0; d < sizeof DATES / sizeof *DATES; d++)
        time_add(all, VALUE_DATE, DATES[d].format, DATES[d].order);
    for (size_t d = 0; d < sizeof DATES / sizeof *DATES; d++)
        for (size_t c = 0; c < sizeof clocks / sizeof *clocks; c++)
            time_add(all, VALUE_TIMESTAMP, arena_printf(&all->arena, "%s%s", DATES[d].format, clocks[c]),
                     DATES[d].order);
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) time_add(all, VALUE_TIMESTAMP, whole[i], ORDER_NONE);
}

/* --- the definition --- */

void candidates_init(struct candidates *all)
{
    struct buf json = {0};
    struct err_text error = {{0}};
    *all = (struct candidates){0};
    all->items = arena_alloc(&all->arena, CSV_FIELDS_MAX * sizeof *all->items);
    numbers_add(all);
    times_add(all);
    buf_append_str(&json, "{\"pipeline\": \"all\", \"version\": 1, \"source\": {\"format\": \"csv\", \"glob\": \"x\", "
                          "\"header\": false, \"columns\": [");
    for (int i = 0; i < all->count; i++) {
        const struct candidate *c = &all->items[i];
        buf_printf(&json, "%s{\"name\": \"c%d\", \"field\": %d, \"type\": \"%s\"%s", i ? ", " : "", i, i + 1,
                   value_type_name(c->type), c->keys);
        if (c->scale) buf_printf(&json, ", \"scale\": %d", c->scale);
        buf_append_byte(&json, '}');
    }
    buf_append_str(&json, "]}, \"tables\": [{\"name\": \"t\"}]}");
    int err = definition_parse(buf_slice(&json), "candidates", &all->definition, &error);
    assert(err == 0); /* nothing of it is the user's */
    (void)err;
    for (int i = 0; i < all->count; i++) all->items[i].field = all->definition->feeds[0].columns[i].field;
    buf_release(&json);
}

void candidates_release(struct candidates *all)
{
    definition_free(all->definition);
    arena_release(&all->arena);
}
