#include "lib/pcap/library.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

/* Debian's name, and that of most others. */
static const char *const NAMES[] = {"libpcap.so.0.8", "libpcap.so.1"};

static bool functions_find(void *handle, struct pcap_library *out)
{
    bool all = true;
    /* POSIX has dlsym's result stored like this: C has no conversion from data to function pointers. */
#define FIND(name)                                                                                                     \
    *(void **)&out->name = dlsym(handle, "pcap_" #name);                                                               \
    all = all && out->name;
    PCAP_FUNCTIONS(FIND)
#undef FIND
    return all;
}

const struct pcap_library *pcap_library(struct err_text *error)
{
    static struct pcap_library library;
    static bool loaded;
    for (size_t i = 0; !loaded && i < sizeof NAMES / sizeof *NAMES; i++) {
        void *handle = dlopen(NAMES[i], RTLD_NOW | RTLD_LOCAL);
        loaded = handle && functions_find(handle, &library);
        if (handle && !loaded) dlclose(handle);
    }
    if (loaded) return &library;
    err_set(error, ERR_NOTFOUND, "captures are read by libpcap, which is not here: install the package libpcap0.8");
    return NULL;
}
