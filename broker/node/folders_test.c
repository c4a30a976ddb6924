/* The folders of new topics on a disk that does not make them, and changes that have nothing to do with it. */
#include "broker/node/driver_test.h"
#include "broker/node/node_internal.h"
#include "tests/unit.h"

static struct driver d;

static int16_t alter(const char *topic)
{
    struct incremental_alter_configs_request_alterable_config c = {KAFKA_STRING_LIT("retention.ms"), KAFKA_OP_SET,
                                                                   KAFKA_STRING_LIT("5")};
    struct incremental_alter_configs_request_alter_configs_resource resource = {.resource_type = KAFKA_RESOURCE_TOPIC,
                                                                                .resource_name = kafka_string_of(topic),
                                                                                .configs = &c,
                                                                                .configs_count = 1};
    struct incremental_alter_configs_request r = {.resources = &resource, .resources_count = 1};
    driver_ask(&d, 1, KAFKA_API_INCREMENTAL_ALTER_CONFIGS, 1, &r);
    struct incremental_alter_configs_response *a = driver_answer(&d, 1);
    check(a && a->responses_count == 1);
    return a->responses[0].error_code;
}

TEST(node_folders, a_full_disk_is_tried_again)
{
    driver_open(&d, "");
    d.disk->fail_make_dir = ERR_NOSPACE;
    check_int(driver_create(&d, "t", 1, NULL, NULL), KAFKA_KAFKA_STORAGE_ERROR);
    d.disk->fail_make_dir = 0;
    driver_wait(&d, 5001);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).error_code, KAFKA_NONE);
    driver_close(&d);
}

/* The names may be gone from memory and from the disk, and a second sync would say that all is well. */
TEST(node_folders, a_sync_that_failed_is_not_tried_again)
{
    driver_open(&d, "");
    driver_create(&d, "there", 1, NULL, NULL);
    d.disk->fail_sync_root = ERR_IO;
    check_int(driver_create(&d, "t", 1, NULL, NULL), KAFKA_KAFKA_STORAGE_ERROR);
    d.disk->fail_sync_root = 0;
    int syncs = d.disk->syncs;
    driver_wait(&d, 3600 * 1000);
    check_int(d.disk->syncs, syncs);
    check_int(driver_produce(&d, "there", &DRIVER_BATCH).error_code, KAFKA_KAFKA_STORAGE_ERROR);
    check_int(driver_create(&d, "u", 1, NULL, NULL), KAFKA_KAFKA_STORAGE_ERROR);
    driver_crash(&d, "");
    check_int(driver_produce(&d, "there", &DRIVER_BATCH).error_code, KAFKA_NONE);
    driver_close(&d);
}

TEST(node_folders, a_checkpoint_whose_sync_failed_is_not_written_again)
{
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    driver_produce(&d, "t", &DRIVER_BATCH);
    d.disk->fail_sync_root = ERR_IO;
    driver_wait(&d, 60001);
    d.disk->fail_sync_root = 0;
    int syncs = d.disk->syncs;
    driver_wait(&d, 3600 * 1000);
    check_int(d.disk->syncs, syncs);
    check_int(driver_produce(&d, "t", &DRIVER_BATCH).error_code, KAFKA_KAFKA_STORAGE_ERROR);
    driver_close(&d);
}

/* That another topic has no folders is no concern of theirs. */
TEST(node_folders, changes_that_need_none_do_not_fail_with_them)
{
    driver_open(&d, "");
    driver_create(&d, "there", 1, NULL, NULL);
    d.disk->fail_make_dir = ERR_NOSPACE;
    check_int(driver_create(&d, "t", 1, NULL, NULL), KAFKA_KAFKA_STORAGE_ERROR);
    check_int(alter("there"), KAFKA_NONE);
    check_int(driver_create(&d, "u", 1, NULL, NULL), KAFKA_KAFKA_STORAGE_ERROR);
    driver_close(&d);
}

static int ended;

static void change_ended(struct node *n, struct change *c)
{
    (void)n;
    ended += c->error != KAFKA_NONE;
}

/* One after the other, not one inside the other: there may be more of them than a stack has room for. */
TEST(node_changes, many_that_are_refused_at_once)
{
    enum { COUNT = 50000 };
    driver_open(&d, "");
    driver_create(&d, "t", 1, NULL, NULL);
    d.hold_syncs = true;
    struct create_topics_request_creatable_topic t = {
        .name = KAFKA_STRING_LIT("u"), .num_partitions = 1, .replication_factor = 1};
    struct create_topics_request r = {.topics = &t, .topics_count = 1};
    driver_ask(&d, 1, KAFKA_API_CREATE_TOPICS, 7, &r);
    ended = 0;
    for (int i = 0; i < COUNT; i++) change_submit(d.node, change_new(CHANGE_PRODUCER_IDS, NULL, 1, change_ended));
    check_int(ended, 0);
    driver_release_syncs(&d, ERR_IO);
    check_int(ended, COUNT);
    struct create_topics_response *a = driver_answer(&d, 1);
    check_int(a->topics[0].error_code, KAFKA_KAFKA_STORAGE_ERROR);
    driver_close(&d);
}
