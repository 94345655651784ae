/* One page written, its header's size mended, the rest by ftruncate. */
#include "tests/bench/replay/sparse_database.h"

#include "bench/replay/fetch_database.h"
#include "bench/replay/fetch_set.h"

#include <fcntl.h>
#include <unistd.h>

#define SIZE_OFFSET 28

int sparse_database_make(const char *path, uint32_t pages)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const uint8_t size[4] = { (uint8_t)(pages >> 24), (uint8_t)(pages >> 16), (uint8_t)(pages >> 8),
                              (uint8_t)pages };
    int rc;

    if (fd < 0) return -1;
    rc = fetch_database_write(fd, 1);
    if (rc == 0 && pwrite(fd, size, sizeof(size), SIZE_OFFSET) != sizeof(size)) rc = -1;
    if (rc == 0) rc = ftruncate(fd, (off_t)pages * FETCH_PAGE_BYTES);
    return close(fd) == 0 ? rc : -1;
}
