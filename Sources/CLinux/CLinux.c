#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

int64_t clinux_raise_open_files(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
    if (limit.rlim_cur != limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
    }
    return limit.rlim_cur == RLIM_INFINITY ? INT64_MAX : (int64_t)limit.rlim_cur;
}

uint64_t clinux_heap_in_use(void) {
    struct mallinfo2 info = mallinfo2();
    return (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
}

int clinux_socket_pair(int pair[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
}

int clinux_send(int socket, const void *bytes, size_t count,
                const int *descriptors, size_t descriptor_count) {
    if (count == 0 || descriptor_count > clinux_most_descriptors) {
        errno = EINVAL;
        return -1;
    }
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * clinux_most_descriptors)];
    } control;
    memset(&control, 0, sizeof control);
    const char *next = bytes;
    while (count > 0) {
        struct iovec part = {.iov_base = (void *)next, .iov_len = count};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        if (descriptor_count > 0) {
            size_t size = sizeof(int) * descriptor_count;
            message.msg_control = &control;
            message.msg_controllen = CMSG_SPACE(size);
            control.header.cmsg_level = SOL_SOCKET;
            control.header.cmsg_type = SCM_RIGHTS;
            control.header.cmsg_len = CMSG_LEN(size);
            memcpy(CMSG_DATA(&control.header), descriptors, size);
        }
        ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) continue;
            return -1;
        }
        // They went with the first byte; sending them again would duplicate them.
        descriptor_count = 0;
        next += sent;
        count -= (size_t)sent;
    }
    return 0;
}

int clinux_pipe(int pair[2]) {
    return pipe2(pair, O_CLOEXEC);
}

int clinux_set_parent_death_signal(int signal) {
    return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0);
}

int clinux_hide(void) {
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int clinux_try_lock(int descriptor) {
    return flock(descriptor, LOCK_EX | LOCK_NB);
}

int clinux_open(const char *path, int flags, mode_t mode) {
    return open(path, flags | O_CLOEXEC, mode);
}
