"""Which pages of a file are in the page cache, as a JSON list of numbers from 1.

usage: residency.py show|evict FILE
`evict` writes the file back and drops its pages before it looks. Looking maps the file and touches none of it.
"""
import ctypes
import json
import mmap
import os
import sys

POSIX_FADV_DONTNEED = 4
MAP_FAILED = ctypes.c_void_p(-1).value

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]


def resident(fd):
    size = os.fstat(fd).st_size
    if size == 0:
        return []
    address = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)
    if address == MAP_FAILED:
        raise OSError(ctypes.get_errno(), "mmap")
    vector = ctypes.create_string_buffer((size + mmap.PAGESIZE - 1) // mmap.PAGESIZE)
    if libc.mincore(address, size, vector) != 0:
        raise OSError(ctypes.get_errno(), "mincore")
    libc.munmap(address, size)
    scale = mmap.PAGESIZE // 4096
    return [page * scale + i + 1 for page, byte in enumerate(vector.raw) if byte & 1 for i in range(scale)]


def main(command, path):
    fd = os.open(path, os.O_RDONLY)
    if command == "evict":
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)
    print(json.dumps(resident(fd)))


main(*sys.argv[1:3])
