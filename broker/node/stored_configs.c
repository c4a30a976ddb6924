/* What the metadata log sets and this broker cannot read: told when it starts, and its default counts. AlterConfigs
 * lets no such value in, but the log may have been written elsewhere, or before a check was as strict. */
#include "broker/node/node_internal.h"

/* A broker's key that topics start with has no say then: the topics' own default counts. */
static void tell(const char *kind, struct slice whose, const struct config_def *d, struct buf *out)
{
    const struct topic_config *t = topic_config_of_broker_key(slice_str(d->name), NULL);
    int64_t v;
    (void)config_number(t ? &t->def : d, NULL, &v);
    buf_printf(out, "%s of %s%.*s is stored as something that is no number: %lld counts\n", d->name, kind, (int)whose.n,
               whose.n ? (const char *)whose.p : "", (long long)v);
}

static bool is_readable(const struct config_def *d, const char *text)
{
    int64_t v;
    return (d->type != CONFIG_SHORT && d->type != CONFIG_INT && d->type != CONFIG_LONG) || config_number(d, text, &v);
}

static void topic_doubt(const struct metadata_topic *t, struct buf *out)
{
    for (int32_t i = 0; i < t->configs.count; i++) {
        const struct topic_config *c = topic_config_find(slice_str(t->configs.items[i].name));
        if (c && !is_readable(&c->def, t->configs.items[i].value)) tell("topic ", slice_str(t->name), &c->def, out);
    }
}

static void broker_doubt(const struct metadata_configs *configs, struct slice id, struct buf *out)
{
    for (int32_t i = 0; i < configs->count; i++) {
        struct broker_config b;
        if (broker_config_find(slice_str(configs->items[i].name), &b) && !is_readable(&b.def, configs->items[i].value))
            tell(id.n ? "broker " : "every broker", id, &b.def, out);
    }
}

void stored_configs_doubt(const struct metadata_image *m, struct buf *out)
{
    for (const struct metadata_topic *t = metadata_topic_next(m, NULL); t; t = metadata_topic_next(m, t))
        topic_doubt(t, out);
    for (struct table_entry *e = table_first(&m->broker_configs); e; e = table_next(&m->broker_configs, e))
        broker_doubt(e->value, e->key, out);
}
