#include "broker/log/checkpoint.h"

#include "broker/log/drive_test.h"

static int parse(const char *text, struct checkpoint *c, struct err_text *error)
{
    error->text[0] = 0;
    checkpoint_release(c);
    return checkpoint_parse(c, slice_str(text), "dir/recovery-point-offset-checkpoint", error);
}

TEST(checkpoint, offsets_there_and_back)
{
    struct checkpoint c = {0};
    struct err_text error = {""};
    struct buf text = {0};
    check_int(parse("0\n2\norders 0 1234\na.b_c-d 12 9223372036854775807\n", &c, &error), 0);
    check_int(checkpoint_get(&c, "orders", 0, -1), 1234);
    check_int(checkpoint_get(&c, "a.b_c-d", 12, -1), INT64_MAX);
    check_int(checkpoint_get(&c, "orders", 1, -1), -1);
    checkpoint_format_head(2, &text);
    checkpoint_format_entry(SLICE_LIT("orders"), 0, 1234, &text);
    checkpoint_format_entry(SLICE_LIT("a.b_c-d"), 12, INT64_MAX, &text);
    check_str(buf_cstr(&text), "0\n2\norders 0 1234\na.b_c-d 12 9223372036854775807\n");
    check_int(parse("", &c, &error), 0); /* Kafka creates them empty */
    check_int(c.count, 0);
    check_int(parse("0\n0\n", &c, &error), 0);
    buf_release(&text);
    checkpoint_release(&c);
}

TEST(checkpoint, every_entry_is_found_in_any_order_of_the_file)
{
    enum { COUNT = 300 };
    struct checkpoint c = {0};
    struct err_text error = {""};
    struct buf text = {0};
    char topic[8];
    checkpoint_format_head(COUNT, &text);
    for (int i = 0; i < COUNT; i++) {
        int k = i * 7 % COUNT;
        snprintf(topic, sizeof topic, "t%d", k % 11);
        checkpoint_format_entry(slice_str(topic), k, 1000 + k, &text);
    }
    check_int(parse(buf_cstr(&text), &c, &error), 0);
    for (int k = 0; k < COUNT; k++) {
        snprintf(topic, sizeof topic, "t%d", k % 11);
        check_int(checkpoint_get(&c, topic, k, -1), 1000 + k);
        snprintf(topic, sizeof topic, "t%d", (k + 1) % 11);
        check_int(checkpoint_get(&c, topic, k, -1), -1);
    }
    check_int(parse("0\n3\nt 5 9\nt 5 7\nt 5 8\n", &c, &error), 0);
    check_int(checkpoint_get(&c, "t", 5, -1), 7); /* where recovery begins: the safe side */
    buf_release(&text);
    checkpoint_release(&c);
}

TEST(checkpoint, errors_name_file_and_line)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"1\n0\n", "dir/recovery-point-offset-checkpoint:1: expected version 0, found \"1\""},
        {"0\nx\n", "dir/recovery-point-offset-checkpoint:2: expected the number of entries, found \"x\""},
        {"0\n1\norders 0\n",
         "dir/recovery-point-offset-checkpoint:3: expected \"topic partition offset\", found \"orders 0\""},
        {"0\n1\norders -1 5\n",
         "dir/recovery-point-offset-checkpoint:3: expected \"topic partition offset\", found \"orders -1 5\""},
        {"0\n1\norders 0 5 6\n",
         "dir/recovery-point-offset-checkpoint:3: expected \"topic partition offset\", found \"orders 0 5 6\""},
        {"0\n2\norders 0 5\n", "dir/recovery-point-offset-checkpoint:2: 2 entries announced, 1 found"},
        {"0\n1\norders 0 99999999999999999999\n", "dir/recovery-point-offset-checkpoint:3: expected \"topic partition "
                                                  "offset\", found \"orders 0 99999999999999999999\""},
    };
    struct checkpoint c = {0};
    struct err_text error;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_int(parse(cases[i].text, &c, &error), ERR_CORRUPT);
        check_str(error.text, cases[i].error);
    }
    checkpoint_release(&c);
}

TEST(checkpoint, a_missing_file_is_empty_and_an_unreadable_one_an_error)
{
    struct fake f;
    struct checkpoint c = {0};
    struct err_text error = {""};
    fake_init(&f);
    check_int(checkpoint_read(&f.disk, CHECKPOINT_LOG_START, &c, &error), 0);
    f.fail_at = f.calls + 1;
    f.fail_with = ERR_IO;
    check_int(checkpoint_read(&f.disk, CHECKPOINT_LOG_START, &c, &error), ERR_IO);
    check_str(error.text, "log-start-offset-checkpoint: cannot be read: ERR_IO");
    fake_release(&f);
}

TEST(checkpoint, leader_epochs_must_ascend)
{
    struct epoch_entry *entries = NULL;
    int count = 0;
    struct err_text error = {""};
    check_int(epochs_parse(SLICE_LIT("0\n2\n0 0\n3 17\n"), "e", &entries, &count, &error), 0);
    check_int(count, 2);
    check_int(entries[1].epoch, 3);
    check_int(entries[1].start_offset, 17);
    free(entries);
    check_int(epochs_parse(SLICE_LIT("0\n2\n3 0\n3 17\n"), "e", &entries, &count, &error), ERR_CORRUPT);
    check_str(error.text, "e:4: expected \"epoch start_offset\", both ascending, found \"3 17\"");
}

/* The text forms are those of org.apache.kafka.common.Uuid. */
TEST(checkpoint, ids)
{
    uint8_t id[16], again[16];
    char text[23];
    for (int i = 0; i < 16; i++) id[i] = (uint8_t)(17 * i);
    uuid_format(id, text);
    check_str(text, "ABEiM0RVZneImaq7zN3u_w");
    check(uuid_parse(slice_str(text), again));
    check_mem(again, id, 16);
    check(!uuid_parse(SLICE_LIT("ABEiM0RVZneImaq7zN3u_"), again));
    check(!uuid_parse(SLICE_LIT("ABEiM0RVZneImaq7zN3u/w"), again));
    check(!uuid_parse(SLICE_LIT("ABEiM0RVZneImaq7zN3u_x"), again)); /* bits that no byte has */
}

TEST(checkpoint, partition_metadata)
{
    uint8_t id[16] = {1}, again[16];
    struct buf text = {0};
    struct err_text error = {""};
    partition_metadata_format(id, &text);
    check_str(buf_cstr(&text), "version: 0\ntopic_id: AQAAAAAAAAAAAAAAAAAAAA");
    check_int(partition_metadata_parse(buf_slice(&text), "p", again, &error), 0);
    check_mem(again, id, 16);
    check_int(partition_metadata_parse(SLICE_LIT("version: 0\ntopic_id: x"), "o-0/partition.metadata", again, &error),
              ERR_CORRUPT);
    check(strstr(error.text, "o-0/partition.metadata:2: expected \"topic_id:") == error.text);
    check_int(partition_metadata_parse(SLICE_LIT(""), "p", again, NULL), ERR_CORRUPT);
    buf_release(&text);
}

TEST(checkpoint, meta_properties)
{
    struct fake f;
    struct meta_properties m = {.cluster_id = "MkU3OEVBNTcwNTJENDM2Qg", .node_id = 1, .directory_id = {1}}, again;
    struct buf text = {0};
    struct err_text error = {""};
    fake_init(&f);
    check_int(meta_properties_read(&f.disk, &again, &error), ERR_NOTFOUND);
    meta_properties_format(&m, &text);
    fake_put(&f, CHECKPOINT_META, buf_slice(&text));
    check_int(meta_properties_read(&f.disk, &again, &error), 0);
    check_str(again.cluster_id, m.cluster_id);
    check_int(again.node_id, 1);
    check_mem(again.directory_id, m.directory_id, 16);
    fake_put(&f, CHECKPOINT_META, SLICE_LIT("version=1\ncluster.id=x\nnode.id=two\n"));
    check_int(meta_properties_read(&f.disk, &again, &error), ERR_CORRUPT);
    check_str(error.text, "meta.properties:3: node.id is \"two\", expected a number of 0 to 2147483647");
    error.text[0] = 0;
    fake_put(&f, CHECKPOINT_META, SLICE_LIT("version=1\nnode.id=2\n"));
    check_int(meta_properties_read(&f.disk, &again, &error), ERR_CORRUPT);
    check_str(error.text, "meta.properties: \"cluster.id\" is missing");
    buf_release(&text);
    fake_release(&f);
}

/* Every id has its check in the last line; what Kafka wrote has none and is believed. */
TEST(checkpoint, every_flipped_bit_of_an_identity_is_refused_or_means_nothing)
{
    struct fake f;
    struct meta_properties m = {.cluster_id = "MkU3OEVBNTcwNTJENDM2Qg", .node_id = 1, .directory_id = {1}}, again;
    struct buf text = {0};
    int refused = 0;
    fake_init(&f);
    meta_properties_format(&m, &text);
    for (size_t bit = 0; bit < text.n * 8; bit++) {
        struct err_text error = {""};
        text.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        fake_put(&f, CHECKPOINT_META, buf_slice(&text));
        text.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (meta_properties_read(&f.disk, &again, &error) < 0) {
            check(strstr(error.text, CHECKPOINT_META) == error.text);
            refused++;
            continue;
        }
        check_str(again.cluster_id, m.cluster_id);
        check_int(again.node_id, m.node_id);
        check_mem(again.directory_id, m.directory_id, 16);
    }
    check(refused >= (int)text.n * 8 - 8 * (int)strlen("#crc32c "));
    buf_release(&text);
    fake_release(&f);
}

TEST(checkpoint, clean_shutdown_marker)
{
    struct fake f;
    struct buf text = {0};
    fake_init(&f);
    check(!clean_shutdown_read(&f.disk));
    clean_shutdown_format(&text);
    fake_put(&f, CHECKPOINT_CLEAN_SHUTDOWN, buf_slice(&text));
    check(clean_shutdown_read(&f.disk));
    fake_put(&f, CHECKPOINT_CLEAN_SHUTDOWN, slice_of(text.p, text.n - 1)); /* torn */
    check(!clean_shutdown_read(&f.disk));
    buf_release(&text);
    fake_release(&f);
}

TEST(checkpoint, names_of_partition_folders)
{
    struct slice topic;
    int32_t partition;
    bool doomed;
    check(partition_dir_parse("orders-0", &topic, &partition, &doomed));
    check(slice_equal(topic, SLICE_LIT("orders")) && partition == 0 && !doomed);
    check(partition_dir_parse("a-1-b.c-12", &topic, &partition, &doomed));
    check(slice_equal(topic, SLICE_LIT("a-1-b.c")) && partition == 12);
    check(partition_dir_parse("orders-3.0102-delete", &topic, &partition, &doomed));
    check(slice_equal(topic, SLICE_LIT("orders")) && partition == 3 && doomed);
    check(!partition_dir_parse("orders", &topic, &partition, &doomed));
    check(!partition_dir_parse("-0", &topic, &partition, &doomed));
    check(!partition_dir_parse("orders-", &topic, &partition, &doomed));
    check(!partition_dir_parse("orders-99999999999", &topic, &partition, &doomed));
    check(!partition_dir_parse("meta.properties", &topic, &partition, &doomed));
}
