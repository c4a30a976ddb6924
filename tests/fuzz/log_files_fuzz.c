/* log_files_fuzz - the small files of a log: checkpoints and their sealed copies, epochs, ids, snapshots, indexes,
 * folder names.
 *
 * The first byte chooses the reader. What one accepts it writes again, and reads the same from that. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/log/checkpoint.h"
#include "broker/log/index.h"
#include "broker/log/producer.h"
#include "broker/log/sealed.h"
#include "lib/base/checksum.h"
#include "tests/memory_disk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void offsets(struct slice text)
{
    struct checkpoint c = {0}, again = {0};
    struct buf out = {0};
    struct err_text error = {""};
    if (checkpoint_parse(&c, text, "f", &error) == 0) {
        checkpoint_format_head(c.count, &out);
        for (int i = 0; i < c.count; i++)
            checkpoint_format_entry(slice_str(c.entries[i].topic), c.entries[i].partition, c.entries[i].offset, &out);
        int status = checkpoint_parse(&again, buf_slice(&out), "f", &error);
        assert(status == 0 && again.count == c.count);
        for (int i = 0; i < c.count; i++) assert(again.entries[i].offset == c.entries[i].offset);
    } else {
        assert(error.text[0]);
    }
    checkpoint_release(&c);
    checkpoint_release(&again);
    buf_release(&out);
}

static void epochs(struct slice text)
{
    struct epoch_entry *e = NULL, *again = NULL;
    int count = 0, count_again = 0;
    struct buf out = {0};
    struct err_text error = {""};
    if (epochs_parse(text, "f", &e, &count, &error) == 0) {
        epochs_format(e, count, &out);
        int status = epochs_parse(buf_slice(&out), "f", &again, &count_again, &error);
        assert(status == 0 && count == count_again);
        assert(count == 0 || memcmp(e, again, (size_t)count * sizeof *e) == 0);
    } else {
        assert(error.text[0]);
    }
    free(e);
    free(again);
    buf_release(&out);
}

static void identity(struct slice text)
{
    struct fake f;
    struct meta_properties m;
    struct err_text error = {""};
    uint8_t id[16];
    fake_init(&f);
    fake_put(&f, CHECKPOINT_META, text);
    if (meta_properties_read(&f.disk, &m, &error) < 0) assert(error.text[0]);
    fake_put(&f, CHECKPOINT_CLEAN_SHUTDOWN, text);
    clean_shutdown_read(&f.disk);
    partition_metadata_parse(text, "f", id, &error);
    char back[23];
    if (uuid_parse(text, id)) {
        uuid_format(id, back);
        assert(memcmp(back, text.p, 22) == 0);
    }
    fake_release(&f);
}

static void folder(struct slice text)
{
    struct slice topic;
    int32_t partition;
    bool doomed;
    char *name = memory_copy(text.p, text.n);
    if (partition_dir_parse(name, &topic, &partition, &doomed)) assert(topic.n > 0 && partition >= 0);
    free(name);
}

static void snapshot(struct slice bytes)
{
    struct producers p = {0}, again = {0};
    struct buf b = {0}, out = {0}, twice = {0};
    buf_append_slice(&b, bytes);
    if (b.n >= 10) put_u32be(b.p + 2, crc32c(0, b.p + 6, b.n - 6)); /* no fuzzer guesses it */
    if (producers_decode(&p, buf_slice(&b), 1) == 0) {
        producers_encode(&p, &out);
        int status = producers_decode(&again, buf_slice(&out), 1);
        assert(status == 0);
        producers_encode(&again, &twice);
        assert(out.n == twice.n && memcmp(out.p, twice.p, out.n) == 0);
    }
    producers_release(&p);
    producers_release(&again);
    buf_release(&b);
    buf_release(&out);
    buf_release(&twice);
}

static void indexes(struct slice bytes)
{
    struct offset_index x = {0};
    struct time_index t = {0};
    struct buf out = {0};
    offset_index_parse(&x, bytes, 1 << 20);
    offset_index_encode(&x, 0, &out);
    assert(out.n == 0 || memcmp(out.p, bytes.p, out.n) == 0); /* a prefix */
    for (uint32_t i = 0; i < x.count; i++) assert(offset_index_floor(&x, x.entries[i].offset) == x.entries[i].position);
    time_index_parse(&t, bytes);
    for (uint32_t i = 0; i < t.count; i++) assert(time_index_floor(&t, t.entries[i].timestamp) == t.entries[i].offset);
    offset_index_release(&x);
    time_index_release(&t);
    buf_release(&out);
}

/* Any two texts beside each other, the copy with a right CRC or not: the file's text counts, or one bit beside it. */
static void sealed_any(struct fake *f, struct slice file, struct slice copy, bool repair)
{
    struct buf text = {0}, beside = {0};
    bool repaired;
    buf_append_slice(&beside, copy);
    if (repair) buf_printf(&beside, "crc32c %08x\n", (unsigned)crc32c(0, beside.p, beside.n));
    fake_put(f, "f", file);
    fake_put(f, "millrace.f.copy", buf_slice(&beside));
    int status = sealed_read(&f->disk, "f", 1 << 17, &text, &repaired);
    assert(status == 0);
    assert(repaired ? sealed_one_bit_apart(buf_slice(&text), file) : slice_equal(buf_slice(&text), file));
    buf_reset(&text);
    status = sealed_copy_read(&f->disk, "f", 1 << 17, &text);
    assert(status == 0 || (status == ERR_NOTFOUND && text.n == 0));
    assert(!repair || (status == 0 && slice_equal(buf_slice(&text), copy)));
    buf_release(&text);
    buf_release(&beside);
}

/* What was put in place is read again; so it is when one bit of either turned over. */
static void sealed_flipped(struct fake *f, struct slice text, size_t bit, bool of_copy)
{
    struct buf out = {0};
    bool repaired;
    int status = sealed_replace(&f->disk, "f", text);
    assert(status == 0);
    struct buf *bytes = &fake_find(f, of_copy ? "millrace.f.copy" : "f")->bytes;
    bool flip = bytes->n > 0;
    if (flip) bytes->p[bit / 8 % bytes->n] ^= (uint8_t)(1 << bit % 8);
    status = sealed_read(&f->disk, "f", 1 << 17, &out, &repaired);
    assert(status == 0 && slice_equal(buf_slice(&out), text) && repaired == (flip && !of_copy));
    buf_release(&out);
}

/* Input: flags u8, which bit u16, size of the file's text u8, that text, the copy's. */
static void sealed(struct slice in)
{
    struct fake f;
    if (in.n < 4) return;
    uint8_t flags = in.p[0];
    size_t bit = get_u16be(in.p + 1), n = in.p[3] < in.n - 4 ? in.p[3] : in.n - 4;
    struct slice file = slice_of(in.p + 4, n), copy = slice_of(in.p + 4 + n, in.n - 4 - n);
    fake_init(&f);
    sealed_any(&f, file, copy, flags & 1);
    sealed_flipped(&f, copy, bit, flags & 2);
    fake_release(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct slice) = {offsets, epochs, identity, folder, snapshot, indexes, sealed};
    if (size == 0) return 0;
    readers[data[0] % (sizeof readers / sizeof readers[0])](slice_of(data + 1, size - 1));
    return 0;
}
