/* log_format.h - what a web server's configuration calls the format of its log, as a layout (access_log.h).
 *
 *     Apache LogFormat   %h %l %u %t "%r" %>s %b          ->  {client} {ident} {user} [{time}] "{request}" {status}
 * {bytes} nginx log_format   $remote_addr [$time_local] ...   ->  {client} [{time}] ...
 *
 * The same thing has the same name for both servers; a name that stands already gets _2, _3. Sources: Apache 2.4,
 * mod_log_config; nginx, ngx_http_log_module and the index of variables. docs/formats/pipeline.md lists the names. */
#ifndef MILLRACE_ETL_SOURCE_LOG_FORMAT_H
#define MILLRACE_ETL_SOURCE_LOG_FORMAT_H

#include "lib/base/bytes.h"

struct log_format {
    const char *layout;      /* in the arena */
    const char *time_format; /* how {time} is written, a pattern of time_format.h; NULL: there is no {time} */
};

/* NULL, or what is wrong with the text (in the arena). */
const char *log_format_read(const char *text, struct arena *arena, struct log_format *out);
/* The field that a variable of nginx is when its own name is not that: "request_time" is duration_s; else NULL. */
const char *log_format_field(const char *variable);

#endif
