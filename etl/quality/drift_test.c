#include "etl/quality/quality.h"

#include "etl/quality/report.h"
#include "tests/unit.h"

/* A report of one source with one column, from parts of objects. */
static json_t *report(const char *source, const char *column)
{
    char text[2000];
    snprintf(text, sizeof text,
             "{'millrace_quality': 1, 'sources': [{'source': 's', 'records': 100, %s 'rules': [{'rule': 'r', "
             "'rejected': 10}], 'columns': [{%s}]}]}",
             source, column);
    for (char *p = text; *p; p++)
        if (*p == '\'') *p = '"';
    json_error_t error;
    json_t *json = json_loads(text, 0, &error);
    if (!json) unit_fail("%s: %s", error.text, text);
    return json;
}

/* "what change!, ..." of all changes, ! for those that exceed a tenth. */
static const char *drift(const char *source_before, const char *column_before, const char *source, const char *column)
{
    static char said[1000];
    json_t *earlier = report(source_before, column_before), *now = report(source, column), *one;
    size_t index, n = 0;
    int exceeding = 0;
    int counted = quality_drift(now, earlier, "earlier.json", 0.1);
    said[0] = 0;
    json_array_foreach(json_object_get(json_object_get(now, "drift"), "changes"), index, one)
    {
        bool exceeds = json_is_true(json_object_get(one, "exceeds"));
        exceeding += exceeds;
        n += (size_t)snprintf(said + n, sizeof said - n, "%s%s %.3g%s", index ? ", " : "", report_str(one, "what"),
                              report_number(one, "change"), exceeds ? "!" : "");
    }
    check_int(counted, exceeding);
    json_decref(earlier);
    json_decref(now);
    return said;
}

#define COLUMN(rest) "'column': 'c', 'type': 'integer', 'rows': 100" rest

TEST(drift, equal_reports_have_none)
{
    check_str(drift("", COLUMN(""), "", COLUMN("")), "");
}

TEST(drift, sizes_are_relative_and_shares_are_differences)
{
    check_str(drift("", COLUMN(", 'distinct': 100"), "'records': 111,", COLUMN(", 'distinct': 90")),
              "records 0.11!, rejected share 0.00991, distinct 0.1");
    check_str(drift("", COLUMN(", 'nulls': 10"), "", COLUMN(", 'nulls': 21, 'misfits': 5")),
              "null share 0.11!, misfit share 0.05");
    check_str(drift("", COLUMN(", 'distinct': 0"), "", COLUMN(", 'distinct': 3")), "distinct 1!");
}

TEST(drift, bounds_move_by_a_part_of_the_range)
{
    check_str(drift("", COLUMN(", 'min': 0, 'max': 100"), "", COLUMN(", 'min': -5, 'max': 120")), "min 0.05, max 0.2!");
    const char *was = "'column': 'c', 'type': 'date', 'rows': 1, 'min': '2024-01-01', 'max': '2024-01-11'";
    const char *is = "'column': 'c', 'type': 'date', 'rows': 1, 'min': '2024-01-01', 'max': '2024-01-13'";
    check_str(drift("", was, "", is), "max 0.2!");
    was = "'column': 'c', 'type': 'decimal', 'scale': 1, 'rows': 1, 'min': '-1.5', 'max': '0.5'";
    is = "'column': 'c', 'type': 'decimal', 'scale': 1, 'rows': 1, 'min': '-1.6', 'max': '0.5'";
    check_str(drift("", was, "", is), "min 0.05");
    was = "'column': 'c', 'type': 'text', 'rows': 1, 'min': 'a', 'max': 'b'";
    is = "'column': 'c', 'type': 'text', 'rows': 1, 'min': 'a', 'max': 'zebra'";
    check_str(drift("", was, "", is), "max 0");
}

TEST(drift, of_categories_values_come_and_go)
{
    const char *was = COLUMN(", 'top_complete': true, 'top': [{'value': 1, 'rows': 80}, {'value': 2, 'rows': 20}]");
    const char *is = COLUMN(", 'top_complete': true, 'top': [{'value': 1, 'rows': 97}, {'value': 3, 'rows': 3}]");
    const char *many = COLUMN(", 'top_complete': false, 'top': [{'value': 9, 'rows': 97}]");
    check_str(drift("", was, "", is), "value appeared 0.03, value vanished 0.2!");
    check_str(drift("", was, "", many), "");
}

TEST(drift, a_change_of_shape_always_exceeds)
{
    check_str(drift("", COLUMN(""), "", "'column': 'd', 'type': 'integer'"), "new column 0!, missing column 0!");
    check_str(drift("", COLUMN(", 'distinct': 5"), "", "'column': 'c', 'type': 'text', 'distinct': 9"), "type 0!");
    check_str(
        drift("", "'column': 'c', 'type': 'decimal', 'scale': 2", "", "'column': 'c', 'type': 'decimal', 'scale': 3"),
        "type 0!");
}

/* Of a report that somebody has edited nothing is believed. */
TEST(drift, a_report_of_nonsense_is_survived)
{
    drift("'records': 'many',", "'column': 7, 'type': [], 'top': 3, 'min': {}, 'top_complete': true", "",
          COLUMN(", 'min': 0, 'max': true"));
    drift("", "'column': 'c', 'type': 'timestamp', 'min': '2024', 'max': '1234567890123456789012'", "",
          "'column': 'c', 'type': 'timestamp', 'min': '2024-01-01 00:00:00', 'max': 'later than all the others'");
}
