/* How often a replay looks at its session. A look takes processor time from a session beside it, so
 * that where nothing of what is planned is read nothing hurries. *Pure*; one thread at a time. */
#ifndef VFS_LOOKS_H
#define VFS_LOOKS_H

#include <stdint.h>

/* The pause while the session reads what is planned; what it doubles up to while the session reads
 * other pages, and while it rests. */
#define LOOKS_PAUSE_US       UINT64_C(500)
#define LOOKS_PAUSE_US_OTHER UINT64_C(4000)
#define LOOKS_PAUSE_US_MOST  UINT64_C(100000)

struct looks {
    uint64_t touched; /* by the session, when last looked at */
    uint64_t planned; /* of these pages */
    uint64_t pause_us;
};

void preload_looks_begin(struct looks *looks);

/* A look found that the session had touched so many pages, of which so many were planned. */
void preload_looks_saw(struct looks *looks, uint64_t touched, uint64_t planned);

/* The pause before the next look; the one after it will be twice as long. */
uint64_t preload_looks_pause(struct looks *looks);

#endif
