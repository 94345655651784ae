/* The temporary file of a save, which is also its lock.
 *
 * `<sidecar>-tmp`: whoever saves holds an exclusive flock on it, and the name must still lead to
 * the locked inode, for the holder before us renamed it away. What another user left there, and
 * what this one may not remove, does not keep him from saving: he takes `<sidecar>-tmp-UID`, his
 * own name (UID in hex), and a save of the other user's at the same time may then be lost.
 *
 * Where the file system has no locks, whoever makes the file has it, until it is a minute old. */
#ifndef VFS_SIDECAR_LOCK_H
#define VFS_SIDECAR_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct sidecar_lock {
    char *path; /* of the temporary file */
    int fd;     /* it is open here, to be written to */
};

enum sidecar_lock_result {
    SIDECAR_LOCK_TAKEN,
    SIDECAR_LOCK_BUSY,    /* another save held it all the time, or cancelled */
    SIDECAR_LOCK_FOREIGN, /* what stands under its name is none of ours */
    SIDECAR_LOCK_FAILED,  /* errno says why */
};

/* Makes the temporary file of `sidecar`, or takes over what a killed save of this user left, and
 * locks it, waiting up to `wait_ms` or until `*cancelled` (may be NULL). `out` is to be released
 * whatever comes of it. One thread at a time. */
enum sidecar_lock_result preload_sidecar_lock(struct sidecar_lock *out, const char *sidecar,
                                              uint64_t wait_ms, const atomic_bool *cancelled);

/* Whether the file's name still leads to the file: without it nothing may be renamed into place. */
bool preload_sidecar_lock_is_named(const struct sidecar_lock *lock);

/* Removes the file, unless it was renamed, and closes it. */
void preload_sidecar_unlock(struct sidecar_lock *lock);

/* Whether the file is regular, has one name, and is empty, begins with our magic, or is all zeros
 * as a loss of power may leave it. */
bool preload_sidecar_descriptor_is_ours(int fd);

#endif
