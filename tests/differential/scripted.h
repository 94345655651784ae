/* A base VFS that does nothing but write down what it was asked, and answer what it was told to.
 *
 * Registered once for each shape that a base can have. One thread. */
#ifndef TESTS_DIFFERENTIAL_SCRIPTED_H
#define TESTS_DIFFERENTIAL_SCRIPTED_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shape {
    const char *name; /* of the VFS */
    int vfs_version;
    int file_version;
    bool has_shm;
    bool has_fetch;
};

extern const struct shape scripted_shapes[];
extern const size_t scripted_shape_count;

/* The last call; `numbers` and `pointers` are its arguments in their order, the object left out. */
struct scripted_call {
    const char *method;
    const void *object; /* the sqlite3_vfs or the sqlite3_file */
    int64_t numbers[3];
    const void *pointers[2];
};

struct scripted {
    struct scripted_call last;
    unsigned calls;
    /* Answers. */
    int rc;
    int number; /* sector size, characteristics, flags, what an int * gets */
    int64_t wide;
    void *pointer;       /* a mapping, a shared region, a library */
    bool leaves_methods; /* a failed xOpen that wants its close */
};

extern struct scripted scripted;

/* A page as xRead gives it; the first begins with a database header of 4,096-byte pages. */
void scripted_page(void *out, int amount, int64_t offset);

/* The methods of a file that a shape opened, and the VFS. */
const sqlite3_io_methods *scripted_methods(const struct shape *shape);
sqlite3_vfs *scripted_vfs(const struct shape *shape);

/* SQLite's result code. */
int scripted_register(void);

#endif
