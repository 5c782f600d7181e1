#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

int clinux_open_beneath(int folder, const char *name) {
    struct open_how how = {
        // Without O_NONBLOCK the opening of a FIFO would wait for a writer.
        .flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
}

int clinux_open_folder(const char *path) {
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int clinux_memory_file(const char *name) {
    // Kernels before 6.3 know no MFD_NOEXEC_SEAL.
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (file < 0 && errno == EINVAL) file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return file;
}

const int clinux_seal_write = F_SEAL_WRITE;
const int clinux_seal_grow = F_SEAL_GROW;
const int clinux_seal_shrink = F_SEAL_SHRINK;
const int clinux_seal_seal = F_SEAL_SEAL;

int clinux_add_seals(int file, int seals) {
    return fcntl(file, F_ADD_SEALS, seals);
}

int clinux_get_seals(int file) {
    return fcntl(file, F_GET_SEALS);
}
