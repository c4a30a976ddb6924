#define PCRE2_CODE_UNIT_WIDTH 8

#include "etl/regex.h"

#include <inttypes.h>
#include <pcre2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

struct regex {
    pcre2_code *code;
    int groups;
    bool jit; /* there is machine code for it */
};

struct regex *regex_new(const char *pattern, bool ignore_case, char message[200])
{
    int code = 0;
    PCRE2_SIZE at = 0;
    uint32_t options = PCRE2_UTF | (ignore_case ? PCRE2_CASELESS : 0), groups = 0;
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &code, &at, NULL);
    if (!compiled) {
        PCRE2_UCHAR text[128];
        pcre2_get_error_message(code, text, sizeof text);
        snprintf(message, 200, "bad regular expression at character %zu: %s", at + 1, (char *)text);
        return NULL;
    }
    bool jit = pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE) == 0; /* without it is only slower */
    pcre2_pattern_info(compiled, PCRE2_INFO_CAPTURECOUNT, &groups);
    struct regex *r = memory_new(sizeof *r);
    *r = (struct regex){compiled, (int)groups, jit};
    return r;
}

void regex_free(struct regex *r)
{
    if (!r) return;
    pcre2_code_free(r->code);
    free(r);
}

int regex_group_count(const struct regex *r)
{
    return r->groups;
}

enum { PAIRS_MAX = 32 }; /* higher group numbers exist but cannot be asked for */

static _Thread_local pcre2_match_data *scratch_data;

static pcre2_match_data *scratch(void)
{
    if (!scratch_data) scratch_data = pcre2_match_data_create(PAIRS_MAX, NULL);
    return scratch_data;
}

void regex_thread_end(void)
{
    pcre2_match_data_free(scratch_data);
    scratch_data = NULL;
}

static atomic_uint_fast64_t gave_up;

static enum regex_outcome give_up(void)
{
    atomic_fetch_add_explicit(&gave_up, 1, memory_order_relaxed);
    return REGEX_GAVE_UP;
}

uint64_t regex_gave_up_count(void)
{
    return atomic_load_explicit(&gave_up, memory_order_relaxed);
}

void regex_gave_up_say(const char *title)
{
    if (regex_gave_up_count() == 0) return;
    fprintf(stderr,
            "%s: regular expressions gave up on %" PRIu64 " texts: they go back and forth on them without end, which "
            "counts as a broken rule, or as what cannot be computed\n",
            title, regex_gave_up_count());
}

/* What pcre2_match does before it comes to the machine code is checking its arguments. */
static int match(const struct regex *r, PCRE2_SPTR text, size_t n, pcre2_match_data *data)
{
    return r->jit ? pcre2_jit_match(r->code, text, n, 0, 0, data, NULL)
                  : pcre2_match(r->code, text, n, 0, PCRE2_NO_UTF_CHECK, data, NULL);
}

enum regex_outcome regex_search(const struct regex *r, struct slice subject, int number, struct slice *group)
{
    pcre2_match_data *data = scratch();
    if (!data) return REGEX_GAVE_UP;
    PCRE2_SPTR text = subject.p ? subject.p : (PCRE2_SPTR) "";
    int found = match(r, text, subject.n, data);
    if (found == PCRE2_ERROR_NOMATCH) return REGEX_NO;
    if (found < 0) return give_up();
    if (!group) return REGEX_YES;
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data) + 2 * (size_t)number;
    bool set = (found == 0 || number < found) && number < PAIRS_MAX && ends[0] != PCRE2_UNSET;
    *group = set ? slice_of(text + ends[0], ends[1] - ends[0]) : slice_of(NULL, 0);
    return REGEX_YES;
}

const char *regex_replacement_wrong(const struct regex *r, const char *replacement)
{
    for (const char *p = replacement; (p = strchr(p, '$')); p++) {
        bool brace = p[1] == '{';
        char *end;
        if (p[1] == '$') {
            p++;
            continue;
        }
        const char *digits = p + 1 + brace;
        if (*digits < '0' || *digits > '9') return "a $ must be followed by a group's number, or by $ for a dollar";
        long group = strtol(digits, &end, 10);
        if (brace && *end != '}') return "a ${ must be closed with }";
        if (group > r->groups || group >= PAIRS_MAX) return "the pattern has no group of this number";
    }
    return NULL;
}

enum regex_outcome regex_replace(const struct regex *r, struct slice subject, const char *replacement, struct buf *out)
{
    const uint32_t options =
        PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_UNSET_EMPTY | PCRE2_SUBSTITUTE_OVERFLOW_LENGTH | PCRE2_NO_UTF_CHECK;
    pcre2_match_data *data = scratch();
    PCRE2_SPTR text = subject.p ? subject.p : (PCRE2_SPTR) "";
    PCRE2_SIZE room = subject.n + 64;
    int made = PCRE2_ERROR_NOMEMORY;
    /* The second time there is as much room as the first one said. */
    for (int i = 0; data && i < 2 && made == PCRE2_ERROR_NOMEMORY; i++) {
        uint8_t *to = buf_reserve(out, room);
        made = pcre2_substitute(r->code, text, subject.n, 0, options, data, NULL, (PCRE2_SPTR)replacement,
                                PCRE2_ZERO_TERMINATED, to, &room);
    }
    if (made < 0) return give_up();
    out->n += room;
    return made > 0 ? REGEX_YES : REGEX_NO;
}
