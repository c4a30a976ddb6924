#include "etl/sink/deferred.h"

#include "lib/base/bytes.h"
#include "tests/unit.h"

enum { WRITES = 30000 };

/* What the other thread was asked to write, as it comes. */
static struct written {
    int next, wrong, fails_at;
    size_t largest;
} written;

struct note {
    int number;
    struct slice text; /* behind it, in the same room */
};

static int note_write(struct written *w, const struct note *n, struct err_text *error)
{
    if (n->number == w->fails_at) return err_set(error, ERR_NOSPACE, "no room for %d", n->number);
    bool good = n->number == w->next++;
    for (size_t i = 0; i < n->text.n; i++) good = good && n->text.p[i] == (uint8_t)n->number;
    w->wrong += !good;
    if (n->text.n > w->largest) w->largest = n->text.n;
    return 0;
}

static int notes_write(void *object, const void *room, struct err_text *error)
{
    int result = 0;
    for (; room && result == 0; room = deferred_next(room)) result = note_write(object, room, error);
    return result;
}

static struct deferred_target target, others[2];

static int note_put_to(struct deferred *d, struct deferred_target *to, int number, size_t bytes, struct err_text *error)
{
    struct note *n = deferred_room(d, sizeof *n + bytes);
    *n = (struct note){number, slice_of(n + 1, bytes)};
    memset(n + 1, number & 0xff, bytes);
    return deferred_put(d, to, error);
}

static int note_put(struct deferred *d, int number, size_t bytes, struct err_text *error)
{
    return note_put_to(d, &target, number, bytes, error);
}

/* Of many sizes; some are larger than a block. */
static size_t size_of(int number)
{
    return number % 9973 == 7 ? 3 * DEFERRED_BLOCK_BYTES : (size_t)number % 301;
}

static struct deferred *begin(int fails_at)
{
    written = (struct written){.fails_at = fails_at};
    target = (struct deferred_target){.write = notes_write, .object = &written};
    return deferred_new();
}

TEST(deferred, all_is_written_in_order)
{
    struct err_text error = {0};
    struct deferred *d = begin(-1);
    for (int i = 0; i < WRITES; i++) check_int(note_put(d, i, size_of(i), &error), 0);
    check_int(deferred_end(d, &error), 0);
    check_int(written.next, WRITES);
    check_int(written.wrong, 0);
    check_int(written.largest, 3 * DEFERRED_BLOCK_BYTES);
    deferred_free(d);
}

TEST(deferred, each_target_gets_its_own_in_order)
{
    struct err_text error = {0};
    struct written both[2] = {{.fails_at = -1}, {.fails_at = -1}};
    struct deferred *d = begin(-1);
    for (int i = 0; i < 2; i++) others[i] = (struct deferred_target){.write = notes_write, .object = &both[i]};
    for (int i = 0; i < WRITES; i++) { /* taking turns, and at times one alone for more than a block */
        check_int(note_put(d, i, size_of(i), &error), 0);
        check_int(note_put_to(d, &others[0], i, 7, &error), 0);
        if (i < WRITES / 2) continue;
        check_int(note_put_to(d, &others[1], i - WRITES / 2, size_of(i), &error), 0);
    }
    check_int(deferred_end(d, &error), 0);
    check_int(written.next, WRITES);
    check_int(both[0].next, WRITES);
    check_int(both[1].next, WRITES / 2);
    check_int(written.wrong + both[0].wrong, 0);
    deferred_free(d);
}

TEST(deferred, a_failure_comes_back_and_nothing_is_written_behind_it)
{
    struct err_text error = {0};
    struct deferred *d = begin(5000);
    int result = 0;
    for (int i = 0; i < WRITES && result == 0; i++) result = note_put(d, i, 100, &error);
    check_int(result, ERR_NOSPACE);
    check_str(error.text, "no room for 5000");
    check_int(written.next, 5000);
    deferred_free(d);
}

TEST(deferred, a_failure_at_the_very_end_comes_back_too)
{
    struct err_text error = {0};
    struct deferred *d = begin(3);
    for (int i = 0; i < 4; i++) check_int(note_put(d, i, 10, &error), 0);
    check_int(deferred_end(d, &error), ERR_NOSPACE);
    check_str(error.text, "no room for 3");
    deferred_free(d);
}

TEST(deferred, one_that_was_not_asked_for_anything_ends)
{
    deferred_free(begin(-1));
    check_int(written.next, 0);
}
