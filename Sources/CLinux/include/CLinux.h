// Linux calls that Swift cannot make, or can only make unsafely: variadic ones,
// those between fork and exec, and those built out of C macros.

#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Raises the soft limit of open descriptors to the hard one.
/// Returns the limit that now holds, or -1 with errno set.
int64_t clinux_raise_open_files(void);

/// A connected pair of Unix stream sockets, both closed on exec.
/// Returns 0, or -1 with errno set.
int clinux_socket_pair(int pair[2]);

/// Sends all `count` bytes (at least one) over a Unix stream socket, and with
/// the first of them the descriptors, which the receiver gets as its own; at
/// most 16. Never raises SIGPIPE. The socket must be blocking.
/// Returns 0, or -1 with errno set.
int clinux_send(int socket, const void *bytes, size_t count,
                const int *descriptors, size_t descriptor_count);

/// Asks the kernel to send this process `signal` when the *thread* that forked
/// it ends. Returns 0, or -1 with errno set.
int clinux_set_parent_death_signal(int signal);

/// Takes an advisory lock on an open file, without waiting for it.
/// Returns 0; or -1 with errno EWOULDBLOCK if another process holds it.
int clinux_try_lock(int descriptor);

/// Opens a path with close-on-exec. Returns the descriptor, or -1.
int clinux_open(const char *path, int flags, mode_t mode);

/// Runs a command that is to live no longer than whoever holds the other end
/// of standard input, then returns the status to exit with.
///
/// The command gets /dev/null as standard input, a process group of its own,
/// and SIGKILL should this process die first. End of file on descriptor 0
/// kills the whole group; SIGTERM and SIGINT are passed on to it. Whatever is
/// left of the group when the command ends is killed too.
///
/// Call it from the main thread of a process that does nothing else.
/// `arguments` ends with NULL. Returns the command's own exit status, 128 plus
/// the signal that ended it, or 127 if it could not be run, which is then told
/// on standard error in a line that starts with "holdfast: ".
int clinux_guard(char *const arguments[]);

#endif
