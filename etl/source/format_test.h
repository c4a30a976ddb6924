/* format_test.h - a file of any format, read to the end. */
#ifndef MILLRACE_ETL_SOURCE_FORMAT_TEST_H
#define MILLRACE_ETL_SOURCE_FORMAT_TEST_H

#include <stdbool.h>

#include "etl/source/format.h"
#include "lib/base/bytes.h"

/* A line "number@offset/line ROW" for each record of a file with this content, read by a source with these keys; or the
 * error without the folder's name. */
const char *format_rows(const char *source, struct slice content, bool gzip);

#endif
