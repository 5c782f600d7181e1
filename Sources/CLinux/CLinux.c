#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

int clinux_socket_pair(int pair[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);
}

enum { most_descriptors = 16 };

int clinux_send(int socket, const void *bytes, size_t count,
                const int *descriptors, size_t descriptor_count) {
    if (count == 0 || descriptor_count > most_descriptors) {
        errno = EINVAL;
        return -1;
    }
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * most_descriptors)];
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

int clinux_set_parent_death_signal(int signal) {
    return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0);
}

int clinux_try_lock(int descriptor) {
    return flock(descriptor, LOCK_EX | LOCK_NB);
}

int clinux_open(const char *path, int flags, mode_t mode) {
    return open(path, flags | O_CLOEXEC, mode);
}

// MARK: The guard

// The process group that SIGTERM and SIGINT are passed on to; 0 while there is
// none. The signal that came meanwhile is kept.
static volatile sig_atomic_t group, early_signal;

static void pass_on(int signal) {
    int before = errno;
    if (group > 0) kill(-(pid_t)group, signal);
    else early_signal = signal;
    errno = before;
}

// Runs between fork and exec: only async-signal-safe calls.
static void become(char *const arguments[], pid_t guard) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    // Had the guard died before the line above, no signal would ever come.
    if (getppid() != guard) _exit(127);
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, 0) < 0) _exit(127);
    if (nothing > 2) close(nothing);
    // exec itself puts back the signals that have a handler, not ignored ones.
    signal(SIGPIPE, SIG_DFL);
    execvp(arguments[0], arguments);
    const char *why = strerror(errno);
    const char *parts[] = {"holdfast: cannot run ", arguments[0], ": ", why, "\n"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (write(2, parts[i], strlen(parts[i])) < 0) break;
    _exit(127);
}

// Reads and drops; tells whether the other end is gone.
static int at_end_of_file(void) {
    char ignored[256];
    ssize_t got = read(0, ignored, sizeof ignored);
    return got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
}

static int failed(const char *what) {
    fprintf(stderr, "holdfast: engine guard: %s: %s\n", what, strerror(errno));
    return 127;
}

int clinux_guard(char *const arguments[]) {
    // The name tells the two processes apart in ps and top.
    prctl(PR_SET_NAME, "engine-guard", 0, 0, 0);
    struct sigaction passing = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    sigemptyset(&passing.sa_mask);
    if (sigaction(SIGTERM, &passing, NULL) != 0 || sigaction(SIGINT, &passing, NULL) != 0)
        return failed("sigaction");

    pid_t guard = getpid();
    pid_t child = fork();
    if (child < 0) return failed("fork");
    if (child == 0) become(arguments, guard);
    // Both sides do it: whichever runs first, the group stands before it is used.
    setpgid(child, child);
    // A descriptor for the child's end, and not SIGCHLD: a signal may go to
    // any thread, and be lost there.
    int end = (int)syscall(SYS_pidfd_open, child, 0);
    if (end < 0) {
        int status = failed("pidfd_open");
        kill(-child, SIGKILL);
        return status;
    }
    group = child;
    if (early_signal != 0) kill(-child, early_signal);

    for (;;) {
        struct pollfd events[] = {{.fd = 0, .events = POLLIN}, {.fd = end, .events = POLLIN}};
        if (poll(events, 2, -1) < 0) {
            if (errno == EINTR) continue;
            break;
        }
        if (events[1].revents != 0) break;
        if (events[0].revents != 0 && at_end_of_file()) break;
    }
    // Before the child is reaped: until then its number, which is the group's
    // too, cannot become somebody else's.
    kill(-child, SIGKILL);
    group = 0;
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    close(end);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
