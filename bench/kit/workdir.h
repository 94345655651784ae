/* The directory of a benchmark. It has a copy of the database, which no other program keeps in
 * memory. It has the hints as they were when learning ended, so that each run starts from the same
 * ones. One thread at a time. */
#ifndef BENCH_WORKDIR_H
#define BENCH_WORKDIR_H

#define WORKDIR_PATH_BYTES 4352

struct workdir {
    char path[WORKDIR_PATH_BYTES];
    char directory[WORKDIR_PATH_BYTES]; /* below it, of the copy */
    char database[WORKDIR_PATH_BYTES];  /* the copy, or what is made in its place */
};

/* Where a benchmark makes its directory or its file: $TMPDIR, or /var/tmp, as /tmp may be memory.
 */
const char *workdir_parent(void);

/* Makes the directory; the database, of this name, is yet to be made in it. 0, or -1 with errno
 * set. */
int workdir_begin(struct workdir *workdir, const char *name);

/* Makes the directory and copies the database into it, to the disk. 0, or -1 with errno set. */
int workdir_make(struct workdir *workdir, const char *database);

/* A new directory below it; `out` has WORKDIR_PATH_BYTES. 0, or -1 with errno set. */
int workdir_add(const struct workdir *workdir, const char *name, char *out);

/* Copies the files of a directory whose names end in `suffix` into another, replacing what is
 * there. The number of files, or -1 with errno set. */
int workdir_copy_files(const char *from, const char *to, const char *suffix);

/* Puts these files out of memory, as far as they go. */
void workdir_evict_files(const char *directory, const char *suffix);

/* Removes it with all that is in it. */
void workdir_remove(const struct workdir *workdir);

#endif
