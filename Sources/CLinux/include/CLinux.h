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

/// The bytes of the heap that this process has in use now, over all of
/// malloc's arenas; what malloc keeps for later is not in it.
uint64_t clinux_heap_in_use(void);

/// A connected pair of Unix stream sockets, both closed on exec.
/// Returns 0, or -1 with errno set.
int clinux_socket_pair(int pair[2]);

/// How many descriptors go with a message; fewer than the kernel's 253.
enum { clinux_most_descriptors = 64 };

/// The number that the first file of weights has in an engine: higher than
/// what a shell or a library takes for itself.
enum { clinux_first_weights = 100 };

/// The seccomp program that an engine runs under, as the bytes of struct
/// sock_filter. Calls that it refuses fail with EPERM; another architecture's
/// end the process.
///
/// - serves: of a server that has loaded its code; it may not execute, fork,
///   connect, signal others, or make memory executable any more.
///
/// Returns its size; 0 where `most` bytes are too few.
size_t clinux_engine_filter(int serves, void *bytes, size_t most);

/// Sends all `count` bytes (at least one) over a Unix stream socket, and with
/// the first of them the descriptors, which the receiver gets as its own; at
/// most clinux_most_descriptors. Never raises SIGPIPE. The socket must be blocking.
/// Returns 0, or -1 with errno set.
int clinux_send(int socket, const void *bytes, size_t count,
                const int *descriptors, size_t descriptor_count);

/// A pipe, read end first, both ends closed on exec. Returns 0, or -1.
int clinux_pipe(int pair[2]);

/// Asks the kernel to send this process `signal` when the *thread* that forked
/// it ends. Returns 0, or -1 with errno set.
int clinux_set_parent_death_signal(int signal);

/// Lets no other process of this user look into this one: its memory, its
/// descriptors, its environment (PR_SET_DUMPABLE). Nor does it leave a core
/// dump. Returns 0, or -1.
int clinux_hide(void);

/// Takes an advisory lock on an open file, without waiting for it.
/// Returns 0; or -1 with errno EWOULDBLOCK if another process holds it.
int clinux_try_lock(int descriptor);

/// Opens a path with close-on-exec. Returns the descriptor, or -1.
int clinux_open(const char *path, int flags, mode_t mode);

/// Opens a file for reading beneath a folder: no link is followed on the way,
/// no magic link of /proc, and nothing leads out of the folder (openat2(2)).
/// Never waits, whatever kind of file it is. Returns the descriptor, or -1:
/// ELOOP for a link, EXDEV for a way out, ENOSYS before Linux 5.6.
int clinux_open_beneath(int folder, const char *name);

/// A folder, only to open what is beneath it. Returns the descriptor, or -1.
int clinux_open_folder(const char *path);

/// An empty file in memory that can be sealed (memfd_create(2)), closed on
/// exec and, where the kernel knows how, never to be executed.
int clinux_memory_file(const char *name);

/// fcntl(2): nobody may write, lengthen, shorten, or add a seal.
extern const int clinux_seal_write, clinux_seal_grow, clinux_seal_shrink, clinux_seal_seal;

/// Returns 0, or -1 with errno EBUSY while somebody has it mapped to write.
int clinux_add_seals(int file, int seals);

/// The seals that hold, or -1.
int clinux_get_seals(int file);

/// Runs a command that is to live no longer than whoever holds the other end
/// of standard input, then returns the status to exit with.
///
/// With `weights`, so many descriptors have to come over standard input with
/// one byte; the command gets them, from clinux_first_weights on. It runs
/// without rights to gain, core dumps or network (but the machine's own
/// address), and under a filter, as far as the kernel allows.
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
int clinux_guard(char *const arguments[], size_t weights);

#endif
