#include "broker/log/sealed.h"

#include "broker/log/checkpoint.h"
#include "tests/memory_disk.h"
#include "tests/unit.h"

#define COPY "millrace." CHECKPOINT_LOG_START ".copy"

static const char text[] = "0\n2\norders 0 1234\norders 1 99\n";

static const char *read_back(struct fake *f, bool *repaired)
{
    static char back[200];
    struct buf out = {0};
    check_int(sealed_read(&f->disk, CHECKPOINT_LOG_START, 1000, &out, repaired), 0);
    snprintf(back, sizeof back, "%s", buf_cstr(&out));
    buf_release(&out);
    return back;
}

TEST(sealed, every_flipped_bit_of_the_file_is_put_right)
{
    struct fake f;
    bool repaired;
    fake_init(&f);
    check_int(sealed_replace(&f.disk, CHECKPOINT_LOG_START, slice_str(text)), 0);
    check_str(read_back(&f, &repaired), text);
    check(!repaired);
    struct buf *file = &fake_find(&f, CHECKPOINT_LOG_START)->bytes;
    for (size_t bit = 0; bit < file->n * 8; bit++) {
        file->p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        check_str(read_back(&f, &repaired), text);
        check(repaired);
        file->p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    fake_release(&f);
}

TEST(sealed, every_flipped_bit_of_the_copy_costs_nothing)
{
    struct fake f;
    bool repaired;
    fake_init(&f);
    check_int(sealed_replace(&f.disk, CHECKPOINT_LOG_START, slice_str(text)), 0);
    struct buf *copy = &fake_find(&f, COPY)->bytes;
    for (size_t bit = 0; bit < copy->n * 8; bit++) {
        copy->p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        check_str(read_back(&f, &repaired), text);
        check(!repaired);
        copy->p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    fake_release(&f);
}

TEST(sealed, what_somebody_else_wrote_counts)
{
    struct fake f;
    bool repaired;
    fake_init(&f);
    check_int(sealed_replace(&f.disk, CHECKPOINT_LOG_START, slice_str(text)), 0);
    static const char *const others[] = {"0\n2\norders 0 2468\norders 1 99\n", "0\n1\norders 0 1235\n", ""};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        fake_put(&f, CHECKPOINT_LOG_START, slice_str(others[i]));
        check_str(read_back(&f, &repaired), others[i]);
        check(!repaired);
    }
    file_remove(&f, fake_find(&f, COPY));
    check_str(read_back(&f, &repaired), "");
    fake_release(&f);
}

TEST(sealed, a_write_that_fails_in_between_leaves_one_of_the_two_texts)
{
    static const char later[] = "0\n2\norders 0 1235\norders 1 99\n"; /* one bit away */
    for (int k = 1; k < 40; k++) {
        struct fake f;
        bool repaired;
        fake_init(&f);
        check_int(sealed_replace(&f.disk, CHECKPOINT_LOG_START, slice_str(text)), 0);
        f.fail_at = f.calls + k;
        f.fail_with = ERR_NOSPACE;
        int rc = sealed_replace(&f.disk, CHECKPOINT_LOG_START, slice_str(later));
        f.fail_at = 0;
        const char *back = read_back(&f, &repaired);
        check(strcmp(back, later) == 0 || (rc < 0 && strcmp(back, text) == 0));
        fake_release(&f);
    }
}
