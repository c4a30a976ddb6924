#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/dump_message.h"
#include "lib/kafka/messages_record.h"
#include "lib/kafka/metadata_record.h"
#include "lib/os/disk.h"
#include "tests/unit.h"

/* A partition's folder under a temporary one, and what the command printed. */
struct fixture {
    char root[64], path[128];
    struct buf out, err;
};

static void put(struct fixture *x, const char *folder, const char *name, struct slice bytes)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", x->root, folder);
    mkdir(path, 0700);
    snprintf(x->path, sizeof x->path, "%s/%s/%s", x->root, folder, name);
    FILE *f = fopen(x->path, "w");
    check(f != NULL);
    check_int(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
    fclose(f);
}

static void begin(struct fixture *x)
{
    *x = (struct fixture){0};
    snprintf(x->root, sizeof x->root, "/tmp/millrace-dump-XXXXXX");
    check(mkdtemp(x->root) != NULL);
}

static void end(struct fixture *x)
{
    struct disk *d;
    check_int(disk_linux_new("/tmp", &d, NULL), 0);
    check_int(disk_remove_tree(d, x->root + strlen("/tmp/")), 0);
    disk_linux_free(d);
    buf_release(&x->out);
    buf_release(&x->err);
}

static int redirect(struct fixture *x, int fd, const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", x->root, name);
    int saved = dup(fd), file = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
    check(saved >= 0 && file >= 0 && dup2(file, fd) == fd);
    close(file);
    return saved;
}

static void restore(struct fixture *x, int saved, int fd, const char *name, struct buf *text)
{
    struct disk *d;
    check(dup2(saved, fd) == fd);
    close(saved);
    check_int(disk_linux_new(x->root, &d, NULL), 0);
    buf_reset(text);
    check_int(disk_read_all(d, name, 1 << 20, text), 0);
    disk_linux_free(d);
    buf_cstr(text);
}

static int dump(struct fixture *x, const char *option)
{
    char *argv[] = {"dump-log", x->path, (char *)option, NULL};
    fflush(stdout);
    int out = redirect(x, 1, "out"), err = redirect(x, 2, "err");
    int status = cli_dump_log(option ? 3 : 2, argv);
    fflush(stdout);
    restore(x, out, 1, "out", &x->out);
    restore(x, err, 2, "err", &x->err);
    return status;
}

static void segment(struct buf *out, const char *const values[], int count)
{
    struct batch_options o = BATCH_OPTIONS_PLAIN;
    struct batch_builder b;
    for (int i = 0; i < count; i++) {
        o.base_offset = i;
        batch_builder_init(&b, &o);
        struct kafka_bytes value = {(const uint8_t *)values[i], (int32_t)strlen(values[i])};
        struct batch_record_header header = {KAFKA_STRING_LIT("h"), KAFKA_BYTES_NULL};
        batch_builder_add(&b, 1000 + i, KAFKA_BYTES_NULL, value, &header, 1);
        check_int(batch_builder_finish(&b, out), 0);
        batch_builder_release(&b);
    }
}

static const char *const three[] = {"one", "\xff\xfe", "three"};

TEST(dump_log, json_has_a_record_a_line)
{
    struct fixture x;
    struct buf bytes = {0};
    begin(&x);
    segment(&bytes, three, 3);
    put(&x, "orders-7", "00000000000000000000.log", buf_slice(&bytes));
    check_int(dump(&x, "--format=json"), CLI_USAGE); /* the value is an argument of its own */
    char *argv[] = {"dump-log", "--format", "json", x.path, NULL};
    int out = redirect(&x, 1, "out");
    check_int(cli_dump_log(4, argv), CLI_OK);
    restore(&x, out, 1, "out", &x.out);
    check_str((char *)x.out.p,
              "{\"topic\":\"orders\",\"partition\":7,\"offset\":0,\"timestamp\":1000,\"key\":null,\"value\":\"one\","
              "\"headers\":[{\"name\":\"h\",\"value\":null}]}\n"
              "{\"topic\":\"orders\",\"partition\":7,\"offset\":1,\"timestamp\":1001,\"key\":null,"
              "\"value\":{\"base64\":\"//4=\"},\"headers\":[{\"name\":\"h\",\"value\":null}]}\n"
              "{\"topic\":\"orders\",\"partition\":7,\"offset\":2,\"timestamp\":1002,\"key\":null,\"value\":\"three\","
              "\"headers\":[{\"name\":\"h\",\"value\":null}]}\n");
    buf_release(&bytes);
    end(&x);
}

TEST(dump_log, damage_is_named_with_file_and_position_and_the_rest_is_shown)
{
    struct fixture x;
    struct buf bytes = {0};
    begin(&x);
    segment(&bytes, three, 1);
    size_t first = bytes.n;
    segment(&bytes, three, 3);
    put_u64be(bytes.p + first, 1);
    bytes.p[first - 1] ^= 1;
    put(&x, "orders-7", "00000000000000000000.log", buf_slice(&bytes));
    check_int(dump(&x, "--print-data-log"), CLI_DIFFERENCE);
    check(strstr((char *)x.err.p, "orders-7/00000000000000000000.log: position 0: the CRC does not match") != NULL);
    check(strstr((char *)x.out.p, "payload: null \"three\"") != NULL);
    bytes.n -= 1;
    bytes.p[first - 1] ^= 1;
    put(&x, "orders-7", "00000000000000000000.log", buf_slice(&bytes));
    check_int(dump(&x, "--batches"), CLI_DIFFERENCE);
    check(strstr((char *)x.err.p, ": the file ends inside of a batch") != NULL);
    check(strstr((char *)x.out.p, "baseOffset: 0 lastOffset: 0 count: 1") != NULL);
    buf_release(&bytes);
    end(&x);
}

TEST(dump_log, small_files_and_files_that_are_none)
{
    struct fixture x;
    begin(&x);
    put(&x, "o-0", "leader-epoch-checkpoint", SLICE_LIT("0\n1\n3 17\n"));
    check_int(dump(&x, NULL), CLI_OK);
    check(strstr((char *)x.out.p, "leaderEpoch: 3 startOffset: 17") != NULL);
    put(&x, "o-0", "leader-epoch-checkpoint", SLICE_LIT("0\n1\n3\n"));
    check_int(dump(&x, NULL), CLI_DIFFERENCE);
    check(strstr((char *)x.err.p, "leader-epoch-checkpoint:3: expected") != NULL);
    put(&x, "o-0", "00000000000000000000.index", SLICE_LIT("\0\0\0\5\0\0\0\1\0\0\0\4\0\0\0\2"));
    check_int(dump(&x, NULL), CLI_DIFFERENCE);
    check(strstr((char *)x.err.p, "position 8: no entry that ascends begins here") != NULL);
    put(&x, "o-0", "notes.txt", SLICE_LIT("x"));
    check_int(dump(&x, NULL), CLI_USAGE);
    snprintf(x.path, sizeof x.path, "%s/nowhere.log", x.root);
    check_int(dump(&x, NULL), CLI_USAGE);
    check(strstr((char *)x.err.p, "nowhere.log: no such file") != NULL);
    end(&x);
}

TEST(dump_log, internal_records_are_decoded)
{
    struct buf key = {0}, value = {0}, out = {0};
    struct offset_commit_key k = {.group = KAFKA_STRING_LIT("g"), .topic = KAFKA_STRING_LIT("t"), .partition = 2};
    struct offset_commit_value v = {
        .offset = 5, .leader_epoch = -1, .metadata = KAFKA_STRING_LIT("m"), .commit_timestamp = 9};
    check_int(kafka_encode_versioned(&offset_commit_key_message, 1, &k, &key), 0);
    check_int(kafka_encode_versioned(&offset_commit_value_message, 3, &v, &value), 0);
    struct batch_record r = {.key = {key.p, (int32_t)key.n}, .value = {value.p, (int32_t)value.n}};
    check(dump_offsets_record(&r, &out));
    check_str(buf_cstr(&out),
              "{\"key\":{\"type\":\"OffsetCommitKey\",\"version\":1,\"data\":{\"group\":\"g\",\"topic\":\"t\","
              "\"partition\":2}},"
              "\"value\":{\"type\":\"OffsetCommitValue\",\"version\":3,\"data\":{\"offset\":5,\"leader_epoch\":-1,"
              "\"metadata\":\"m\",\"commit_timestamp\":9}}}");
    r.value.n -= 1;
    buf_reset(&out);
    check(!dump_offsets_record(&r, &out));
    check_int(out.n, 0);
    struct partition_record p;
    int32_t replicas[] = {1, 2};
    kafka_struct_init(&partition_record_struct, &p);
    p.replicas = replicas;
    p.replicas_count = 2;
    buf_reset(&value);
    check_int(metadata_record_encode(METADATA_RECORD_PARTITION, 0, &p, &value), 0);
    r.value = (struct kafka_bytes){value.p, (int32_t)value.n};
    check(dump_metadata_record(&r, &out));
    check(strstr(buf_cstr(&out),
                 "{\"type\":\"PartitionRecord\",\"version\":0,\"data\":{\"partition_id\":-1,\"topic_id\":") != NULL);
    check(strstr(buf_cstr(&out), "\"replicas\":[1,2],\"isr\":[]") != NULL);
    buf_release(&key);
    buf_release(&value);
    buf_release(&out);
}
