/* fold_file.h - a fold and its rules out of a JSON file: states of whole numbers and texts, in the language of
 * expressions that pipelines have (etl/expr).
 *
 *     {"fold": "stock", "version": 1,
 *      "state": {"pieces": 0, "last": ""},
 *      "on": {
 *        "StockReceived": {"data": {"pieces": "integer"}, "set": {"pieces": "pieces + data_pieces"}},
 *        "PieceSold": {"data": {"customer": "text"},
 *                      "refuse": {"no piece is left": "pieces < 1"},
 *                      "set": {"pieces": "pieces - 1", "last": "data_customer"}}}}
 *
 * "state" has the members and their first values; "on" says for each type of event which members of its data are read
 * (in expressions data_NAME), when a rule refuses it, and what it sets, from the values before it. An event whose data
 * lacks such a member, or has it of another type, is none that the fold knows; so is one whose result cannot be
 * computed. */
#ifndef MILLRACE_ETL_EVENTSTORE_FOLD_FILE_H
#define MILLRACE_ETL_EVENTSTORE_FOLD_FILE_H

#include "etl/eventstore/fold.h"

/* ERR_INVALID: a line for each problem, with file and key; ERR_NOTFOUND, ERR_IO: the file. Free with es_fold_file_free.
 */
int es_fold_file_read(const char *path, struct es_fold **out, struct err_text *error);
/* The same of a text; `name` is the file's for messages. */
int es_fold_file_parse(struct slice text, const char *name, struct es_fold **out, struct err_text *error);
void es_fold_file_free(struct es_fold *f); /* NULL is allowed */

#endif
