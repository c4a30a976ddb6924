#include "broker/log/log_file.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/base/memory.h"

struct log_file *log_file_new(struct log_file_ids *ids, const char *path, bool directory)
{
    struct log_file *f = memory_new(sizeof *f);
    f->id = ++ids->last;
    f->path = memory_str(path);
    f->directory = directory;
    f->references = 1;
    return f;
}

struct log_file *log_file_ref(struct log_file *f)
{
    assert(f->references > 0);
    f->references++;
    return f;
}

void log_file_unref(struct log_file *f)
{
    if (!f) return;
    assert(f->references > 0);
    if (--f->references > 0) return;
    free(f->path);
    free(f);
}
