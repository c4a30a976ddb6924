#include "etl/stream/offsets.h"

#include "tests/unit.h"

static sqlite3 *memory(int partitions)
{
    sqlite3 *db;
    check_int(sqlite3_open(":memory:", &db), SQLITE_OK);
    check_int(offsets_init(db, "t", partitions, NULL), 0);
    return db;
}

static int64_t next_of(sqlite3 *db, int32_t partition)
{
    struct offset_state state;
    check_int(offsets_read(db, "t", partition, &state, NULL), 0);
    return state.next;
}

TEST(offsets, only_who_knows_the_position_moves_it)
{
    sqlite3 *db = memory(2);
    struct offset_state to = {10, 0xdeadbeef, false}, found;
    check_int(next_of(db, 0), -1);
    check_int(offsets_move(db, "t", 0, -1, &to, NULL), 1);
    check_int(offsets_move(db, "t", 0, -1, &to, NULL), 0); /* another worker was here */
    check_int(offsets_move(db, "t", 0, 9, &to, NULL), 0);
    check_int(offsets_read(db, "t", 0, &found, NULL), 0);
    check(found.next == 10 && found.crc == 0xdeadbeef && !found.ended);
    check_int(next_of(db, 1), -1);
    sqlite3_close(db);
}

TEST(offsets, counts_what_is_open_and_loaded)
{
    sqlite3 *db = memory(3);
    int64_t loaded;
    check_int(offsets_open_partitions(db, NULL), 3);
    check_int(offsets_move(db, "t", 1, -1, &(struct offset_state){7, 1, true}, NULL), 1);
    check_int(offsets_open_partitions(db, NULL), 2);
    check_int(offsets_init(db, "another", 1, NULL), 0);
    check_int(offsets_open_partitions(db, NULL), 3);
    check_int(offsets_move(db, "another", 0, -1, &(struct offset_state){0, 1, true}, NULL), 1);
    check_int(offsets_move(db, "t", 2, -1, &(struct offset_state){4, 1, false}, NULL), 1);
    check_int(offsets_loaded(db, &loaded, NULL), 0);
    check_int(loaded, 11);
    sqlite3_close(db);
    check_int(sqlite3_open(":memory:", &db), SQLITE_OK);
    check_int(offsets_open_partitions(db, NULL), -1);
    sqlite3_close(db);
}

TEST(offsets, a_topic_may_grow_but_not_shrink)
{
    sqlite3 *db = memory(2);
    struct err_text error = {0};
    check_int(offsets_move(db, "t", 1, -1, &(struct offset_state){5, 1, true}, NULL), 1);
    check_int(offsets_init(db, "t", 3, &error), 0);
    check_int(next_of(db, 1), 5);
    check_int(next_of(db, 2), -1);
    check_int(offsets_init(db, "t", 2, &error), ERR_EXISTS);
    check(strstr(error.text, "3 partitions, now it has 2"));
    sqlite3_close(db);
}

TEST(offsets, the_first_identity_stays)
{
    sqlite3 *db = memory(1);
    struct err_text error = {0};
    check_int(offsets_identity(db, "topic", SLICE_LIT("retail"), &error), 0);
    check_int(offsets_identity(db, "topic", SLICE_LIT("retail"), &error), 0);
    check_int(offsets_identity(db, "cluster", SLICE_LIT("it's"), &error), 0);
    check_int(offsets_identity(db, "topic", SLICE_LIT("retail2"), &error), ERR_EXISTS);
    check(strstr(error.text, "another topic than retail2"));
    sqlite3_close(db);
}

TEST(offsets, knows_the_stream)
{
    sqlite3 *db = memory(1);
    char *stream = NULL;
    check_int(offsets_stream(db, &stream, NULL), ERR_NOTFOUND);
    check_int(offsets_identity(db, "stream", SLICE_LIT("s"), NULL), 0);
    check_int(offsets_stream(db, &stream, NULL), 0);
    check_str(stream, "s");
    sqlite3_free(stream);
    sqlite3_close(db);
}
