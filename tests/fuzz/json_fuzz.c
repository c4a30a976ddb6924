/* json_fuzz - any bytes as JSON: our scan against jansson's, and values by path against its tree.
 *
 * Both must say yes or no to the same texts, but for what jansson cannot hold (numbers that overflow a double) and
 * for what we bound lower (depth). What `$`, `a`, `a.b` and `a[1]` give must be what jansson's tree has there. */
#include <assert.h>
#include <jansson.h>
#include <string.h>

#include "etl/source/json_path.h"
#include "lib/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const PATHS[] = {"$", "a", "a.b", "a[1]"};
enum { PATH_COUNT = sizeof PATHS / sizeof *PATHS };

static const struct json_paths *paths_made(void)
{
    static struct arena arena;
    static struct json_paths *paths;
    if (paths) return paths;
    paths = json_paths_new(&arena);
    for (int i = 0; i < PATH_COUNT; i++) {
        const char *wrong = json_paths_add(paths, PATHS[i], false);
        assert(!wrong);
    }
    return paths;
}

static void value_check(const json_t *json, struct slice field)
{
    bool none = !json || json_is_null(json);
    assert(none == !field.p);
    if (none) return;
    if (json_is_string(json))
        assert(slice_equal(field, slice_of(json_string_value(json), json_string_length(json))));
    else if (json_is_object(json) || json_is_array(json))
        assert(field.p[0] == (json_is_object(json) ? '{' : '['));
    else if (json_is_boolean(json))
        assert(slice_equal(field, json_is_true(json) ? SLICE_LIT("true") : SLICE_LIT("false")));
    else
        assert(field.p[0] == '-' || (field.p[0] >= '0' && field.p[0] <= '9'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct slice fields[PATH_COUNT], text = slice_of(data, size);
    struct json_scan whole = json_scan_of(text), scan;
    json_error_t error;
    if (!text_is_utf8(text) || size == 0 || memchr(data, 0, size)) return 0; /* to jansson a zero byte is the end */
    json_scan_blanks(&whole);
    bool good = json_scan_value(&whole, 0) && json_scan_end(&whole);
    json_t *json =
        json_loadb((const char *)data, size, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
    enum json_error_code code = json ? json_error_unknown : json_error_code(&error);
    bool too_deep = whole.wrong && strstr(whole.wrong, "inside each other");
    assert(good == (json != NULL) || code == json_error_numeric_overflow || too_deep);
    bool split = json_split(paths_made(), text, &arena, fields, &scan);
    assert(!split || good);
    assert(!good || split || strstr(scan.wrong, "twice"));
    if (split && json) {
        const json_t *a = json_object_get(json, "a");
        value_check(json, fields[0]);
        value_check(a, fields[1]);
        value_check(json_object_get(a, "b"), fields[2]);
        value_check(json_array_get(a, 1), fields[3]);
    }
    json_decref(json);
    arena_release(&arena);
    return 0;
}
