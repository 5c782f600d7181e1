#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// MARK: What a foreign program can be shut in by, from outside

static void put(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    if (write(file, text, strlen(text)) < 0) {}
    close(file);
}

// A network with nothing in it but the machine itself: many servers talk to
// parts of their own over 127.0.0.1.
static void leave_network(void) {
    int spaces = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
    if (geteuid() == 0) {
        if (unshare(spaces) != 0) return;
    } else {
        char user[64], group[64];
        snprintf(user, sizeof user, "%u %u 1", geteuid(), geteuid());
        snprintf(group, sizeof group, "%u %u 1", getegid(), getegid());
        if (unshare(CLONE_NEWUSER | spaces) != 0) return;
        put("/proc/self/setgroups", "deny");
        put("/proc/self/uid_map", user);
        put("/proc/self/gid_map", group);
    }
    int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (any < 0) return;
    struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    ioctl(any, SIOCSIFFLAGS, &loopback);
    close(any);
}

// What the kernel refuses is missing, and seen to be by whoever looks.
static void confine_command(void) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    leave_network();
    struct sock_filter steps[512];
    size_t size = clinux_engine_filter(0, steps, sizeof steps);
    struct sock_fprog program = {(unsigned short)(size / sizeof *steps), steps};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return;
    // Under no_new_privs root gets back by executing no more than it has.
    struct __user_cap_header_struct version = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct nothing[_LINUX_CAPABILITY_U32S_3] = {{0}};
    syscall(SYS_capset, &version, nothing);
    if (size > 0) prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
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
static void become(char *const arguments[], pid_t guard, const int *descriptors, size_t count) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    // Had the guard died before the line above, no signal would ever come.
    if (getppid() != guard) _exit(127);
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing < 0 || dup2(nothing, 0) < 0) _exit(127);
    if (nothing > 2) close(nothing);
    // exec itself puts back the signals that have a handler, not ignored ones.
    signal(SIGPIPE, SIG_DFL);
    for (size_t i = 0; i < count; i++)
        if (dup2(descriptors[i], clinux_first_weights + (int)i) < 0) _exit(127);
    confine_command();
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

// Takes the descriptors that came with the first byte, and that byte.
static ssize_t receive(int *descriptors, size_t most) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * 64)];
    } control;
    char byte;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got;
    do got = recvmsg(0, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got <= 0) return -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return 0;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (count > most) return -1;
    memcpy(descriptors, CMSG_DATA(header), count * sizeof(int));
    return (ssize_t)count;
}

int clinux_guard(char *const arguments[], size_t weights) {
    // The name tells the two processes apart in ps and top.
    prctl(PR_SET_NAME, "engine-guard", 0, 0, 0);
    struct sigaction passing = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    sigemptyset(&passing.sa_mask);
    if (sigaction(SIGTERM, &passing, NULL) != 0 || sigaction(SIGINT, &passing, NULL) != 0)
        return failed("sigaction");

    int descriptors[clinux_most_descriptors];
    ssize_t count = weights > 0 ? receive(descriptors, clinux_most_descriptors) : 0;
    if (count < 0 || (size_t)count != weights) {
        errno = EPROTO;
        return failed("the weights did not come");
    }
    pid_t guard = getpid();
    pid_t child = fork();
    if (child < 0) return failed("fork");
    if (child == 0) become(arguments, guard, descriptors, (size_t)count);
    for (ssize_t i = 0; i < count; i++) close(descriptors[i]);
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
