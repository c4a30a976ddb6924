#include "etl/stream/follow_parts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/unit.h"

static const char text[] =
    "{\"version\": 1, \"pipeline\": \"p\", \"source\": {\"format\": \"ndjson\", \"glob\": \"*\", "
    "\"columns\": [{\"name\": \"a\", \"type\": \"text\"}]}, \"tables\": [{\"name\": \"t\", "
    "\"columns\": [\"a\"]}]}";

struct fixture {
    char dir[64], state[96];
    struct definition *d;
    struct followed_list list;
    struct err_text error;
};

static void fixture_open(struct fixture *x)
{
    *x = (struct fixture){.dir = "/tmp/followed.XXXXXX"};
    check(mkdtemp(x->dir));
    snprintf(x->state, sizeof x->state, "%s/state", x->dir);
    check_int(definition_parse(slice_str(text), "p.json", &x->d, &x->error), 0);
    check_int(followed_load(&x->list, x->d, x->state, &x->error), 0);
}

static void fixture_close(struct fixture *x)
{
    followed_release(&x->list);
    definition_free(x->d);
    unlink(x->state);
    rmdir(x->dir);
}

TEST(followed, a_name_that_comes_again_is_another_content)
{
    struct fixture x;
    fixture_open(&x);
    check_str(followed_add(&x.list, 0, "a.log")->name, "a.log");
    check_str(followed_add(&x.list, 0, "b.log")->name, "b.log");
    check_str(followed_add(&x.list, 0, "a.log")->name, "a.log;000002");
    check_str(followed_add(&x.list, 0, "a.log")->name, "a.log;000003");
    check(stream_id_is_followed(slice_str(x.list.stream)));
    fixture_close(&x);
}

TEST(followed, the_state_file_gives_back_what_it_was_given)
{
    struct fixture x;
    struct followed_list again = {0};
    fixture_open(&x);
    struct followed *f = followed_add(&x.list, 0, "a \"log\"\n");
    f->device = 7, f->inode = 8, f->size = 11, f->sent = 9, f->lines = 2, f->told = 5;
    f->mark = (struct mark){.head_n = 9, .head = 4000000000, .tail = 3};
    f->finished = true;
    struct followed *copy = followed_add(&x.list, 0, "copy");
    copy->copy_of = strdup("a"), copy->whole = true, copy->seen_ms = 1234;
    snprintf(copy->content, sizeof copy->content, "%064d", 5);
    followed_add(&x.list, 0, "nothing")->dropped = true;
    followed_sweep(&x.list);
    struct followed *t = followed_add(&x.list, 0, "s.db:t");
    t->table = true, t->version = 6, t->watermark.kind = WATERMARK_INTEGER, t->watermark.i = 44;
    t->rows = sent_rows_new();
    static const uint64_t sent[] = {3, 9, 1, 2};
    for (int i = 0; i < 4; i++) sent_rows_add(t->rows, sent[i]);
    check_int(followed_save(&x.list, x.d, x.state, &x.error), 0);
    check(!x.list.names_changed);
    check_int(followed_load(&again, x.d, x.state, &x.error), 0);
    check_str(again.stream, x.list.stream);
    check_int(again.count, 3);
    const struct followed *g = followed_by_inode(&again, 0, 7, 8);
    check(g && strcmp(g->name, f->name) == 0 && strcmp(g->home, f->home) == 0);
    check(memcmp(&g->mark, &f->mark, sizeof g->mark) == 0);
    check(g->sent == 9 && g->lines == 2 && g->told == 5 && g->size == 11 && g->finished && !g->whole && !g->at);
    size_t rows;
    uint64_t *numbers = sent_rows_numbers(again.items[2]->rows, &rows);
    check(rows == 4 && numbers[0] == 1 && numbers[1] == 2 && numbers[2] == 3 && numbers[3] == 9);
    free(numbers);
    check(again.items[2]->version == 6 && again.items[2]->watermark.i == 44);
    check(again.items[1]->told == UINT64_MAX);
    check_str(again.items[1]->copy_of, "a");
    check_str(again.items[1]->content, copy->content);
    check(again.items[1]->seen_ms == 1234 && g->seen_ms == 0);
    check(g->changed_ns > 0); /* it may have been written to just now */
    followed_release(&again);
    fixture_close(&x);
}

TEST(followed, a_state_file_of_another_definition_or_of_nothing_is_refused)
{
    struct fixture x;
    struct followed_list again = {0};
    fixture_open(&x);
    check_int(followed_save(&x.list, x.d, x.state, &x.error), 0);
    x.d->digest[0] ^= 1;
    check_int(followed_load(&again, x.d, x.state, &x.error), ERR_EXISTS);
    followed_release(&again);
    x.error.text[0] = 0;
    FILE *f = fopen(x.state, "w");
    fputs("{\"version\": 2}", f);
    fclose(f);
    check_int(followed_load(&again, x.d, x.state, &x.error), ERR_CORRUPT);
    check(strstr(x.error.text, "is no state of followed files") != NULL);
    followed_release(&again);
    fixture_close(&x);
}

/* ---- marks ---- */

static int file_of(const char *path, const char *head, int lines)
{
    FILE *f = fopen(path, "w");
    fputs(head, f);
    for (int i = 0; i < lines; i++) fprintf(f, "line %d\n", i);
    fclose(f);
    return open(path, O_RDONLY);
}

TEST(followed, a_content_is_known_by_its_beginning_and_by_what_stands_before_the_end)
{
    struct fixture x;
    struct followed f = {.sent = 9000};
    char path[96];
    fixture_open(&x);
    snprintf(path, sizeof path, "%s/a", x.dir);
    int fd = file_of(path, "", 2000);
    check_int(mark_take(fd, f.sent, 20000, &f.mark), 0);
    check_int(f.mark.head_n, MARK_BYTES);
    check(mark_fits(fd, 9000, &f));
    check(!mark_fits(fd, 8999, &f));
    close(fd);
    fd = file_of(path, "l", 3000); /* another beginning */
    check(!mark_fits(fd, 20000, &f));
    f.sent = 9001;
    close(fd);
    fd = file_of(path, "", 2000); /* the same, and another tail */
    check(!mark_fits(fd, 20000, &f));
    check_int(mark_take(fd, 1, 2, &f.mark), 0);
    check_int(mark_take(fd, 1, 0, &f.mark), 0);
    check_int(mark_take(fd, 100000, 0, &f.mark), ERR_IO);
    close(fd);
    unlink(path);
    fixture_close(&x);
}

TEST(followed, files_that_begin_otherwise_are_told_apart_by_what_is_remembered)
{
    struct fixture x;
    struct mark a = {0}, b = {0}, c = {0};
    char path[96];
    fixture_open(&x);
    snprintf(path, sizeof path, "%s/a", x.dir);
    int fd = file_of(path, "", 2000);
    mark_starts(fd, 20000, &a);
    mark_starts(fd, 300, &b);
    check_int(a.start_count, MARK_STARTS);
    check_int(b.start_count, 2);
    check(!mark_starts_differ(&a, &b));
    check(!mark_starts_differ(&a, &c)); /* nothing is known */
    close(fd);
    fd = file_of(path, "", 20); /* ends with the 64 bytes of both, not with the 256 of the other */
    mark_starts(fd, 150, &c);
    check_int(c.start_count, 1);
    check(!mark_starts_differ(&a, &c));
    close(fd);
    fd = file_of(path, "l", 200);
    mark_starts(fd, 64, &c);
    check(mark_starts_differ(&a, &c));
    check(mark_starts_differ(&c, &b));
    close(fd);
    unlink(path);
    fixture_close(&x);
}

TEST(followed, so_is_one_that_was_compressed)
{
    struct fixture x;
    char plain[96], packed[96];
    uint64_t length;
    int found;
    fixture_open(&x);
    snprintf(plain, sizeof plain, "%s/a", x.dir);
    snprintf(packed, sizeof packed, "%s/a.gz", x.dir);
    int fd = file_of(plain, "", 200000);
    struct followed other = {.sent = 700000}, same = {.sent = 700001}, *items[] = {&other, &same};
    check_int(mark_take(fd, other.sent, 0, &other.mark), 0);
    other.mark.tail ^= 1;
    check_int(mark_take(fd, same.sent, 0, &same.mark), 0);
    static char block[4000000];
    ssize_t n = pread(fd, block, sizeof block, 0);
    gzFile gz = gzopen(packed, "w");
    check(gzwrite(gz, block, (unsigned)n) == n);
    gzclose(gz);
    check_int(mark_find_gzip(packed, items, 2, &found, &length, &x.error), 0);
    check_int(found, 1);
    check(length == (uint64_t)n);
    check_int(mark_find_gzip(packed, items, 1, &found, &length, &x.error), 0);
    check_int(found, -1);
    check_int(truncate(packed, 1000), 0);
    check_int(mark_find_gzip(packed, items, 2, &found, &length, &x.error), ERR_CORRUPT);
    close(fd);
    unlink(plain);
    unlink(packed);
    fixture_close(&x);
}
