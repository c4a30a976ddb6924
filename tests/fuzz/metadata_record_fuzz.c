/* metadata_record_fuzz - __cluster_metadata as a disk gives it back: a list of records is replayed.
 *
 *     input := { size u8, value } ...
 *
 * A record is either applied or refused with a sentence; a refused one changes no count; the image agrees with
 * itself at the end. */
#include <assert.h>
#include <string.h>

#include "broker/metadata/metadata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_image(const struct metadata_image *m)
{
    int64_t partitions = 0;
    uint32_t topics = 0;
    for (const struct metadata_topic *t = metadata_topic_next(m, NULL); t; t = metadata_topic_next(m, t)) {
        assert(metadata_topic_find(m, slice_str(t->name)) == t);
        assert(metadata_topic_find_id(m, t->id) == t);
        partitions += t->partition_count;
        topics++;
    }
    assert(partitions == m->partition_count);
    assert(topics == m->topics_by_name.count && topics == m->topics_by_id.count);
    for (int32_t i = 1; i < m->broker_count; i++) assert(m->brokers[i - 1].id < m->brokers[i].id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct metadata_image m;
    metadata_image_init(&m);
    while (size > 0) {
        size_t n = data[0] < size ? data[0] : size - 1;
        struct err_text error = {0};
        int64_t before = m.partition_count;
        uint32_t topics = m.topics_by_name.count;
        int err = metadata_replay(&m, slice_of(data + 1, n), &error);
        assert((err < 0) == (error.text[0] != 0));
        assert(err == 0 || (m.partition_count == before && m.topics_by_name.count == topics));
        data += 1 + n;
        size -= 1 + n;
    }
    check_image(&m);
    metadata_image_release(&m);
    return 0;
}
