/* e5_input.c - what arrives in E5: the lines of one generated day after the other, at recorded instants. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/e5.h"
#include "bench/folder.h"
#include "lib/base/instants.h"
#include "lib/base/memory.h"
#include "workloads/generate.h"

/* --- lines --- */

static int text_append_file(struct e5_input *in, const char *path)
{
    struct stat st;
    FILE *file = fopen(path, "r");
    if (!file || fstat(fileno(file), &st) != 0) return ERR_IO;
    size_t skip = 0;
    char *all = memory_new((size_t)st.st_size + 1);
    size_t n = fread(all, 1, (size_t)st.st_size, file);
    fclose(file);
    if (in->size > 0) skip = strcspn(all, "\n") + 1; /* one header is enough */
    in->text = memory_grow(in->text, in->size + n + 1, 1);
    memcpy(in->text + in->size, all + skip, n - skip);
    in->size += n - skip;
    free(all);
    return 0;
}

static void lines_find(struct e5_input *in)
{
    size_t at = 0, capacity = 0;
    in->lines = -1; /* the header */
    for (const char *end; (end = memchr(in->text + at, '\n', in->size - at)) != NULL;) {
        at = (size_t)(end - in->text) + 1;
        if ((size_t)++in->lines >= capacity) {
            capacity = capacity ? 2 * capacity : 4096;
            in->end = memory_grow(in->end, capacity, sizeof *in->end);
        }
        in->end[in->lines] = at;
    }
}

static int files_read(struct e5_input *in, const char *folder)
{
    char path[PATH_MAX], name[32];
    /* Seven days from 2010-12-01 on; a Saturday is missing. Their order is that of time. */
    for (int day = 1; day <= 31; day++) {
        snprintf(name, sizeof name, "2010-12-%02d.csv", day);
        bench_path(path, folder, name);
        if (access(path, R_OK) == 0 && text_append_file(in, path) < 0) return ERR_IO;
    }
    return in->size > 0 ? 0 : ERR_NOTFOUND;
}

static int lines_make(struct e5_input *in, const struct bench *b, int64_t count, struct err_text *error)
{
    char folder[PATH_MAX];
    int rc = bench_folder(b, "arrivals", folder, error);
    struct generate_options options = {
        .out = folder, .scale = count < 1000 ? 1000 : count, .seed = E5_SEED, .order_lines_only = true};
    if (rc == 0) rc = generate_ecommerce(&options, NULL, error);
    if (rc == 0 && files_read(in, folder) < 0)
        rc = err_set(error, ERR_IO, "%s: the generated files cannot be read", folder);
    if (rc == 0) lines_find(in);
    bench_remove(folder);
    return rc;
}

/* --- instants --- */

static int instants_keep(struct e5_input *in, const struct bench *b, struct err_text *error)
{
    char folder[PATH_MAX];
    struct instants t = {in->arrivals.offsets, in->arrivals.count};
    bench_path(folder, b->dir, "E5");
    bench_path(in->trace, folder, "arrivals.txt");
    int rc = folder_make(folder, error);
    return rc == 0 ? instants_write(&t, in->trace, error) : rc;
}

static int instants_make(struct e5_input *in, const struct bench *b, int64_t length_ns, struct err_text *error)
{
    struct arrivals_pattern p;
    int rc = arrivals_parse(&p, b->arrivals ? b->arrivals : "poisson", E5_RATE, E5_SEED, error);
    /* A sixteenth more than on average: random ones may be slow. */
    int64_t count = p.kind == ARRIVALS_TRACE ? 0 : length_ns / 1000000 * E5_RATE / 1000 * 17 / 16 + 100;
    if (rc == 0) rc = arrivals_make(&in->arrivals, &p, count, error);
    if (rc == 0) arrivals_offsets(&in->arrivals);
    if (rc == 0 && in->arrivals.offsets[in->arrivals.count - 1] < length_ns)
        rc = err_set(error, ERR_INVALID, "%s: the arrivals end after %.1f s, and E5 needs %.1f s of them",
                     b->arrivals ? b->arrivals : "poisson", (double)in->arrivals.offsets[in->arrivals.count - 1] / 1e9,
                     (double)length_ns / 1e9);
    return rc == 0 ? instants_keep(in, b, error) : rc;
}

int e5_input_make(struct e5_input *in, const struct bench *b, int64_t length_ns, struct err_text *error)
{
    int rc = instants_make(in, b, length_ns, error);
    if (rc == 0) rc = lines_make(in, b, schedule_due(&in->arrivals.schedule, length_ns) + 100, error);
    if (rc == 0 && in->lines < schedule_due(&in->arrivals.schedule, length_ns))
        rc = err_set(error, ERR_RANGE, "only %lld order lines were made", (long long)in->lines);
    return rc;
}

void e5_input_release(struct e5_input *in)
{
    free(in->text);
    free(in->end);
    arrivals_release(&in->arrivals);
}

int e5_input_land(const struct e5_input *in, const char *folder, const char *name, int64_t from, int64_t to,
                  struct err_text *error)
{
    char path[PATH_MAX], landing[PATH_MAX];
    bench_path(path, folder, name);
    bench_path(landing, folder, "landing");
    FILE *file = fopen(landing, "w");
    size_t header = in->end[0], n = in->end[to] - in->end[from];
    bool done =
        file && fwrite(in->text, 1, header, file) == header && fwrite(in->text + in->end[from], 1, n, file) == n;
    if (file && fclose(file) != 0) done = false;
    return done && rename(landing, path) == 0 ? 0 : err_set(error, ERR_IO, "%s: cannot be written", path);
}
