/* names.h - names of the language made of titles of files. Inside etl/draft only. */
#ifndef MILLRACE_ETL_DRAFT_NAMES_H
#define MILLRACE_ETL_DRAFT_NAMES_H

#include "lib/base/bytes.h"

/* "Unit Price (€)" -> unit_price, "InvoiceNo" -> invoice_no, "Größe" -> grosse, "2024" -> c_2024. In the arena. */
const char *draft_name(struct slice title, const char *fallback, struct arena *arena);
/* The same text as JSON, with its quotes. */
const char *draft_json(struct slice text, struct arena *arena);
/* 1234567 -> "1,234,567" */
const char *draft_count(uint64_t n, struct arena *arena);

#endif
