#include "etl/eventstore/fold_file.h"

#include "tests/unit.h"

static const char stock[] =
    "{\"fold\": \"stock\", \"version\": 3, \"state\": {\"pieces\": 0, \"last\": \"\"}, \"on\": {"
    "\"StockReceived\": {\"data\": {\"pieces\": \"integer\"}, \"set\": {\"pieces\": \"pieces + data_pieces\"}},"
    "\"PieceSold\": {\"data\": {\"customer\": \"text\"}, \"refuse\": {\"no piece is left\": \"pieces < 1\"},"
    "\"set\": {\"pieces\": \"pieces - 1\", \"last\": \"data_customer\"}}}}";

static struct es_event event(const char *type, json_t *data)
{
    return (struct es_event){.id = SLICE_LIT("e"), .type = slice_str(type), .data = data, .schema = 1};
}

static void state_is(const json_t *state, const char *expected)
{
    char *text = json_dumps(state, JSON_COMPACT | JSON_SORT_KEYS);
    check_str(text, expected);
    free(text);
}

TEST(es_fold_file, folds_and_refuses)
{
    struct err_text error = {""};
    struct es_fold *f;
    char why[128] = "";
    if (es_fold_file_parse(slice_str(stock), "s.json", &f, &error) != 0) unit_fail("%s", error.text);
    check_str(f->name, "stock");
    check_int(f->version, 3);
    json_t *state = f->start(f), *two = json_pack("{s:i}", "pieces", 2), *anna = json_pack("{s:s}", "customer", "Anna");
    struct es_event received = event("StockReceived", two), sold = event("PieceSold", anna),
                    wrong = event("PieceSold", two), other = event("StockBurnt", two);
    check(!f->allows(f, state, &sold, why, sizeof why));
    check_str(why, "no piece is left");
    check(f->apply(f, state, &received));
    check(f->allows(f, state, &sold, why, sizeof why));
    check(f->apply(f, state, &sold));
    state_is(state, "{\"last\":\"Anna\",\"pieces\":1}");
    /* Data that are not what it reads, and types that it does not know, change nothing. */
    check(!f->apply(f, state, &wrong) && !f->apply(f, state, &other));
    check(!f->allows(f, state, &wrong, why, sizeof why));
    check_str(why, "the data are not what the fold reads");
    /* A result that does not fit changes nothing either. */
    json_object_set_new(two, "pieces", json_integer(INT64_MAX));
    check(!f->apply(f, state, &received));
    state_is(state, "{\"last\":\"Anna\",\"pieces\":1}");
    json_decref(state);
    json_decref(two);
    json_decref(anna);
    es_fold_file_free(f);
}

static const char *wrong_of(const char *text)
{
    static struct err_text error;
    struct es_fold *f;
    error.text[0] = 0;
    check_int(es_fold_file_parse(slice_str(text), "s.json", &f, &error), ERR_INVALID);
    check(f == NULL);
    return error.text;
}

#define FOLD(state, on) "{\"fold\": \"stock\", \"state\": {" state "}, \"on\": {" on "}}"

TEST(es_fold_file, mistakes_are_named)
{
    check_str(wrong_of("{"), "s.json:1:1: string or '}' expected near end of file");
    check_str(wrong_of("{\"fold\": \"cart\", \"state\": {}, \"on\": {}}"),
              "s.json: fold: there is a fold of this name already");
    check_str(wrong_of(FOLD("\"a\": 1.5", "")), "s.json: state.a: must be the first value: a whole number or a text");
    check_str(wrong_of(FOLD("\"pieces\": 0", "\"T\": {\"set\": {\"piecse\": \"1\"}}")),
              "s.json: on.T.set.piecse: is no member of the state; did you mean \"pieces\"?");
    check_str(wrong_of(FOLD("\"a\": 0", "\"T\": {\"set\": {\"a\": \"'x'\"}}")),
              "s.json: on.T.set.a: gives another type than the member has");
    check_str(wrong_of(FOLD("\"a\": 0", "\"T\": {\"data\": {\"q\": \"number\"}}")),
              "s.json: on.T.data.q: \"number\" is none of: integer, text");
    check_str(wrong_of(FOLD("\"a\": 0", "\"T\": {\"sett\": {}}")),
              "s.json: on.T.sett: unknown key; did you mean \"set\"?");
}
