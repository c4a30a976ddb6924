/* properties_fuzz - server.properties and the other files of lines with keys.
 *
 * What is parsed is written; what was written reads the same ever after. (The first time a byte that is no UTF-8
 * becomes the character of Latin-1.) Then a configuration is made of it: it is taken or refused with a sentence. */
#include <assert.h>
#include <string.h>

#include "broker/node/config.h"
#include "lib/base/properties.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct properties *a, const struct properties *b)
{
    assert(a->count == b->count);
    for (int i = 0; i < a->count; i++) {
        assert(strcmp(a->items[i].key, b->items[i].key) == 0);
        assert(strcmp(a->items[i].value, b->items[i].value) == 0);
    }
}

static void write_and_parse(const struct properties *p, struct properties *again)
{
    struct buf out = {0};
    struct err_text error;
    properties_write(p, &out);
    int rc = properties_parse(again, buf_slice(&out), "fuzz", &error);
    assert(rc == 0);
    buf_release(&out);
}

static void said(void *context, const char *line)
{
    *(size_t *)context += strlen(line);
}

static void configure(struct properties *p)
{
    struct node_config c;
    struct err_text error = {""};
    size_t lines = 0;
    int rc = node_config_load(&c, p, said, &lines, &error);
    assert(rc == 0 || error.text[0]);
    if (rc == 0) node_config_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct properties p = {0}, once = {0}, twice = {0};
    struct err_text error = {""};
    if (properties_parse(&p, slice_of(data, size), "fuzz", &error) == 0) {
        write_and_parse(&p, &once);
        write_and_parse(&once, &twice);
        check_same(&once, &twice);
        configure(&p);
    } else {
        assert(error.text[0]);
    }
    properties_release(&p);
    properties_release(&once);
    properties_release(&twice);
    return 0;
}
