/* shop.h - the messages of the generated shop (`millrace generate ecommerce`) as events of streams.
 *
 *     {"event":"item_added_to_cart","id":"ia000000001","at":"2010-12-01T08:01:33Z","cart":"k000000001","product":...}
 *       ->
 * {"stream":"cart-k000000001","type":"ItemAdded","id":"ia000000001","timestamp":"2010-12-01T08:01:33Z","data":{...}}
 *
 * An order that is placed is two events: OrderPlaced of the order, CheckedOut of its cart, the second because of the
 * first. Amounts become whole cents. docs/workloads.md has the messages. */
#ifndef MILLRACE_ETL_EVENTSTORE_SHOP_H
#define MILLRACE_ETL_EVENTSTORE_SHOP_H

#include <jansson.h>

#include "lib/base/err.h"

enum { ES_SHOP_EVENTS_MAX = 2 };

/* The first words of the names of its files: NAME-2010-12.ndjson. NULL at the end. */
extern const char *const ES_SHOP_FILES[];

/* How many appends (as es_append_read takes them) a message gives, into `out`, the caller's. ERR_INVALID with a
 * sentence: it is none of these messages, or lacks something. */
int es_shop_events(const json_t *message, json_t *out[ES_SHOP_EVENTS_MAX], struct err_text *error);

#endif
