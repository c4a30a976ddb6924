/* log_writes.h - the write-ahead log of a database, written in large pieces.
 *
 *     SQLite      frame header (24), page (4096), header, page, ... the last header says "commit", page
 *     here        |<------------- gathered in memory, up to 120 KiB ------------->|  one pwrite
 *
 * SQLite makes two system calls for each page that a transaction changed. Gathered, a page costs a copy, and the kernel
 * takes many at once.
 *
 * Nobody else sees a frame before the commit that it belongs to: the wal-index, which says how far the log is to be
 * read, moves after the last page was written. With that page what was gathered goes to the file, and before anything
 * else is asked of the file: reading, syncing, its size. So the file holds what it would without this at each instant
 * at which somebody looks. Who is killed in between leaves frames of no commit, or fewer of them. */
#ifndef MILLRACE_ETL_SINK_LOG_WRITES_H
#define MILLRACE_ETL_SINK_LOG_WRITES_H

/* The name of the VFS to open a connection with, which is SQLite's own but for logs; it is registered by the first
 * call. NULL (SQLite's own) when it cannot be. */
const char *log_writes_vfs(void);

#endif
