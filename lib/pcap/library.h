/* library.h - libpcap, loaded when a capture is opened. Inside lib/pcap.
 *
 * Linked, it would bring libdbus, libsystemd and five more into every start of the program: 1 ms and 0.9 MB for a
 * broker that never captures anything. */
#ifndef MILLRACE_PCAP_LIBRARY_H
#define MILLRACE_PCAP_LIBRARY_H

#include <pcap/pcap.h>

#include "lib/base/err.h"

#define PCAP_FUNCTIONS(X)                                                                                              \
    X(activate)                                                                                                        \
    X(close)                                                                                                           \
    X(compile)                                                                                                         \
    X(create)                                                                                                          \
    X(datalink)                                                                                                        \
    X(datalink_val_to_name)                                                                                            \
    X(freecode)                                                                                                        \
    X(get_selectable_fd)                                                                                               \
    X(get_tstamp_precision)                                                                                            \
    X(geterr)                                                                                                          \
    X(next_ex)                                                                                                         \
    X(open_offline_with_tstamp_precision)                                                                              \
    X(set_buffer_size)                                                                                                 \
    X(set_snaplen)                                                                                                     \
    X(set_timeout)                                                                                                     \
    X(set_tstamp_precision)                                                                                            \
    X(setfilter)                                                                                                       \
    X(setnonblock)                                                                                                     \
    X(stats)                                                                                                           \
    X(statustostr)

/* pcap_close is library->close, and so on. */
#define PCAP_POINTER(name) __typeof__(&pcap_##name) name;
struct pcap_library {
    PCAP_FUNCTIONS(PCAP_POINTER)
};
#undef PCAP_POINTER

/* The functions, loaded once; NULL with a sentence that names the package. Not for two threads at once. */
const struct pcap_library *pcap_library(struct err_text *error);

#endif
