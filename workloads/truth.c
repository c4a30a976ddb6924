#include "workloads/truth.h"

#include <string.h>

void truth_open(struct out_file *o, struct disk *disk, struct err_text *why, const char *name, const char *header)
{
    out_file_init(o, disk, why);
    out_file_open(o, name);
    buf_append_str(&o->pending, header);
}

int truth_close(struct out_file *const files[], int count)
{
    int error = 0;
    for (int i = 0; i < count; i++) {
        out_file_close(files[i]);
        if (!error) error = files[i]->error;
        out_file_release(files[i]);
    }
    return error;
}

void truth_put_records(struct buf *b, const struct truth_fates *f)
{
    buf_append_str(b, "source,read,accepted,rejected\n");
    for (int s = 0; s < f->source_count; s++) {
        const uint64_t *n = f->counts + s * f->fates;
        uint64_t rejected = 0;
        for (int i = 1; i < f->fates; i++) rejected += n[i];
        buf_printf(b, "%s,%llu,%llu,%llu\n", f->sources[s], (unsigned long long)(n[0] + rejected),
                   (unsigned long long)n[0], (unsigned long long)rejected);
    }
}

void truth_put_rejected(struct buf *b, const struct truth_fates *f)
{
    buf_append_str(b, "source,rule,rows\n");
    for (int s = 0; s < f->source_count; s++) {
        for (int i = 1; i < f->fates; i++) {
            uint64_t n = f->counts[s * f->fates + i];
            if (n) buf_printf(b, "%s,%s,%llu\n", f->sources[s], f->rules[i], (unsigned long long)n);
        }
    }
}

void truth_put_top20(struct buf *b, const uint64_t *counts, int n, const char *(*text)(const void *context, int i),
                     const void *context)
{
    int best[20], kept = 0;
    for (int i = 0; i < n; i++) {
        if (counts[i] == 0) continue;
        int at = kept < 20 ? kept++ : 20;
        for (; at > 0; at--) {
            int other = best[at - 1];
            if (counts[other] > counts[i]) break;
            if (counts[other] == counts[i] && strcmp(text(context, other), text(context, i)) < 0) break;
            if (at < 20) best[at] = other;
        }
        if (at < 20) best[at] = i;
    }
    for (int i = 0; i < kept; i++) {
        buf_printf(b, "%d,", i + 1);
        out_csv_field(b, slice_str(text(context, best[i])));
        buf_printf(b, ",%llu\n", (unsigned long long)counts[best[i]]);
    }
}
