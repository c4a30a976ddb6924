/* unit.h - the face of every unit test.
 *
 *     TEST(crc32c, known_answer) { check_int(crc32c(0, "123456789", 9), 0xe3069283); }
 *
 * Normally a test is a Criterion test: a process of its own with a timeout. Criterion aborts under
 * ThreadSanitizer, so with -DUNIT_PLAIN the same bodies are registered in a list and run one after
 * the other in one process by tests/unit_plain.c. Every check ends the test when it fails. */
#ifndef MILLRACE_TESTS_UNIT_H
#define MILLRACE_TESTS_UNIT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef UNIT_PLAIN

struct unit_case {
    const char *suite, *name;
    void (*body)(void);
    struct unit_case *next;
};
void unit_register(struct unit_case *c);

#define TEST(suite_, name_)                                                                                            \
    static void unit_##suite_##_##name_(void);                                                                         \
    __attribute__((constructor)) static void unit_add_##suite_##_##name_(void)                                         \
    {                                                                                                                  \
        static struct unit_case unit_case_ = {#suite_, #name_, unit_##suite_##_##name_, NULL};                         \
        unit_register(&unit_case_);                                                                                    \
    }                                                                                                                  \
    static void unit_##suite_##_##name_(void)
#define unit_fail(...)                                                                                                 \
    do {                                                                                                               \
        fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                                                                \
        fprintf(stderr, __VA_ARGS__);                                                                                  \
        fputc('\n', stderr);                                                                                           \
        abort();                                                                                                       \
    } while (0)

#else

#include <criterion/criterion.h>
#define TEST(suite_, name_) Test(suite_, name_, .timeout = 120)
#define unit_fail(...)      cr_assert_fail(__VA_ARGS__)

#endif

#define check(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) unit_fail("%s:%d: not true: %s", __FILE__, __LINE__, #condition);                            \
    } while (0)
#define check_int(actual, expected)                                                                                    \
    do {                                                                                                               \
        long long a_ = (long long)(actual), e_ = (long long)(expected);                                                \
        if (a_ != e_) unit_fail("%s:%d: %s is %lld, not %lld", __FILE__, __LINE__, #actual, a_, e_);                   \
    } while (0)
#define check_str(actual, expected)                                                                                    \
    do {                                                                                                               \
        const char *a_ = (actual), *e_ = (expected);                                                                   \
        if (!a_ || strcmp(a_, e_) != 0)                                                                                \
            unit_fail("%s:%d: %s is \"%s\", not \"%s\"", __FILE__, __LINE__, #actual, a_ ? a_ : "(null)", e_);         \
    } while (0)
#define check_mem(actual, expected, size)                                                                              \
    do {                                                                                                               \
        if (memcmp((actual), (expected), (size)) != 0) unit_fail("%s:%d: %s differs", __FILE__, __LINE__, #actual);    \
    } while (0)

#endif
