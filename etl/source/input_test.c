#include "etl/source/input.h"

#include <unistd.h>
#include <zlib.h>

#include "tests/unit.h"

static char path[64];

static void file_begin(void)
{
    strcpy(path, "/tmp/millrace-input-XXXXXX");
    int fd = mkstemp(path);
    check(fd >= 0);
    close(fd);
}

static void file_append(const void *bytes, size_t n)
{
    FILE *file = fopen(path, "ab");
    check(file != NULL);
    check_int(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

/* One gzip member. */
static void member_append(const void *bytes, size_t n)
{
    z_stream z = {0};
    struct buf out = {0};
    check_int(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (uint8_t *)(uintptr_t)bytes;
    z.avail_in = (unsigned)n;
    z.avail_out = (unsigned)(n + 1000);
    z.next_out = buf_reserve(&out, n + 1000);
    check_int(deflate(&z, Z_FINISH), Z_STREAM_END);
    file_append(out.p, z.total_out);
    deflateEnd(&z);
    buf_release(&out);
}

/* Reads everything, `step` bytes at a time, into `out`; the error or "". */
static const char *all_read(struct buf *out, size_t step)
{
    static struct err_text error;
    struct input in;
    int result;
    error = (struct err_text){{0}};
    buf_reset(out);
    if (input_open(&in, path, INPUT_ANY_SIZE, &error) != 0) return error.text;
    for (;;) {
        result = input_want(&in, step, &error);
        if (result < 0 || in.rest.n == 0) break;
        size_t n = in.rest.n < step ? in.rest.n : step;
        buf_append(out, in.rest.p, n);
        input_consume(&in, n);
        check_int(in.offset, out->n);
    }
    check(result < 0 || in.ended);
    input_close(&in);
    return error.text;
}

TEST(input, plain_and_compressed_files_give_the_same_bytes)
{
    enum { SIZE = 3 << 20 };
    uint8_t *bytes = malloc(SIZE);
    struct buf got = {0};
    for (uint32_t i = 0, x = 1; i < SIZE; i++) bytes[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 28);
    static const size_t steps[] = {1 << 20, 100003, 2500000, 4 << 20};
    for (int gzip = 0; gzip < 2; gzip++) {
        file_begin();
        if (gzip) {
            member_append(bytes, 1000000);
            member_append("", 0);
            member_append(bytes + 1000000, SIZE - 1000000);
        } else
            file_append(bytes, SIZE);
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            check_str(all_read(&got, steps[i]), "");
            check_int(got.n, SIZE);
            check_mem(got.p, bytes, SIZE);
        }
        unlink(path);
    }
    free(bytes);
    buf_release(&got);
}

static bool says(const char *error, const char *what)
{
    if (!strstr(error, what)) unit_fail("\"%s\" does not say \"%s\"", error, what);
    return strstr(error, path) != NULL;
}

TEST(input, damaged_gzip_is_an_error_with_its_place)
{
    char text[4096];
    struct buf got = {0};
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + i * i % 23);
    file_begin();
    member_append(text, sizeof text);
    FILE *file = fopen(path, "rb+");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    for (long cut = size - 1; cut >= 2; cut -= 7) {
        check_int(ftruncate(fileno(file), cut), 0);
        char place[80];
        snprintf(place, sizeof place, "byte offset %ld: it ends too early", cut);
        check(says(all_read(&got, 512), place));
    }
    fclose(file);
    unlink(path);
    file_begin();
    member_append(text, sizeof text);
    file_append("garbage", 7);
    check(says(all_read(&got, 512), "what stands behind its end is not gzip"));
    unlink(path);
    file_begin();
    member_append(text, sizeof text);
    file = fopen(path, "rb+");
    fseek(file, -8, SEEK_END); /* its checksum */
    fwrite("\0\0\0\0", 1, 4, file);
    fclose(file);
    check(says(all_read(&got, 512), "incorrect data check"));
    unlink(path);
    buf_release(&got);
}

TEST(input, growth_is_bounded)
{
    enum { SIZE = 80 << 20 };
    uint8_t *zeros = calloc(1, SIZE);
    struct buf got = {0};
    file_begin();
    member_append(zeros, SIZE);
    check(says(all_read(&got, 65536), "grows to more than 400 times its size"));
    unlink(path);
    file_begin();
    file_append(zeros, SIZE);
    check(says(all_read(&got, SIZE), "byte offset 0: a record has more than 32 MiB"));
    unlink(path);
    free(zeros);
    buf_release(&got);
}

TEST(input, a_file_that_changed_is_refused)
{
    struct err_text error = {{0}};
    struct input in;
    file_begin();
    file_append("abc", 3);
    check_int(input_open(&in, path, 4, &error), ERR_INVALID);
    check(says(error.text, "the file changed while it was read (4 bytes, now 3)"));
    check_int(input_open(&in, path, 3, &error), 0);
    check_int(truncate(path, 2), 0);
    check_int(input_want(&in, 10, NULL), ERR_INVALID);
    input_close(&in);
    unlink(path);
}

TEST(input, a_file_that_is_compressed_otherwise_is_refused)
{
    static const struct {
        const char *bytes, *said;
        size_t n;
    } cases[] = {
        {"\xfd\x37zXZ\0\0\4", "is no text; is the file compressed (xz)? only gzip is decompressed here", 8},
        {"BZh91AY&SY\1\2", "is the file compressed (bzip2)?", 12},
        {"BZh1\x17\x72\x45\x38\x50\x90\0\0\0\0", "is the file compressed (bzip2)?", 14},
        {"\x28\xb5\x2f\xfd\x04", "is the file compressed (zstd)?", 5},
        {"PK\3\4rest", "is the file compressed (zip)?", 8},
        {"PK\5\6", "is the file compressed (zip)?", 4},
        {"PK;price\n1;2\n", "", 13},
        {"BZh9", "", 4},
        {"BZh91AY&Sy", "", 10},
        {"1234\x31\x41\x59\x26\x53\x59", "", 10},
        {"\xfd\x37zXZ", "", 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf got = {0};
        file_begin();
        file_append(cases[i].bytes, cases[i].n);
        const char *said = all_read(&got, 4);
        if (*cases[i].said ? !strstr(said, cases[i].said) : *said != '\0') unit_fail("%d: \"%s\"", (int)i, said);
        unlink(path);
        buf_release(&got);
    }
}
