"""Shuts this process in: called by the launcher, which follows below.

Once a process runs, it can still be put into namespaces of its own, lose its
user, its files, its system calls, and its readers. That is done here, after
the interpreter and the engine's code are loaded and before a byte of the
model is read, so that neither has to lie where another user can execute it.

What the kernel refuses is noted, not raised: Holdfast decides what follows.
Everything is undone by nothing: each step is one way only.
"""

import ctypes
import os
import resource
import socket
import struct

CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS = 0x10000000, 0x40000000, 0x08000000, 0x04000000
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 4, 22, 38, 2
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
CAPABILITY_VERSION_3 = 0x20080522
# The same numbers on every architecture since Linux 5.1.
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_VERSION, LANDLOCK_PATH_BENEATH, LANDLOCK_MAKE_SOCK = 1, 1, 1 << 9

libc = ctypes.CDLL(None, use_errno=True)


class Refused(Exception):
    pass


def call(function, *arguments):
    """A C function's result; its error as an exception."""
    result = function(*arguments)
    if result < 0:
        raise Refused(os.strerror(ctypes.get_errno()))
    return result


def syscall(number, *arguments):
    return call(libc.syscall, ctypes.c_long(number), *(ctypes.c_void_p(a) if a is None else a for a in arguments))


def prctl(option, *arguments):
    return call(libc.prctl, ctypes.c_int(option), *(list(map(ctypes.c_ulong, arguments)) + [ctypes.c_ulong(0)] * (4 - len(arguments))))


class Confinement:
    def __init__(self):
        self.protections = {}
        # Opened now: later there are no files. What is read is what is then.
        self.told = {name: open("/proc/self/" + name) for name in ("maps", "status", "limits") if self.is_there(name)}

    @staticmethod
    def is_there(name):
        return os.access("/proc/self/" + name, os.R_OK)

    def note(self, name, how, held=True):
        self.protections[name] = {"held": held, "how": how}

    def step(self, name, action):
        """Does what `action` does, and notes how, or why not."""
        try:
            self.note(name, action())
        except (Refused, OSError) as error:
            self.note(name, str(getattr(error, "strerror", None) or error), held=False)

    # First of all, while there is one thread and nothing to be seen

    def enter_namespaces(self):
        self.step("network", self.leave_network)
        # From here on no other process of this user's can look in. One that
        # has looked in before can: it was told of nothing, but may listen.
        self.step("readers", self.hide)
        with open("/proc/self/status") as status:
            tracers = [line for line in status if line.startswith("TracerPid:")]
        if tracers and tracers[0].split()[1] != "0":
            self.note("readers", "process %s traces it" % tracers[0].split()[1], held=False)

    def leave_network(self):
        namespaces = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
        if os.geteuid() == 0:
            call(libc.unshare, namespaces)
        else:
            user, group = os.geteuid(), os.getegid()
            call(libc.unshare, CLONE_NEWUSER | namespaces)
            for name, text in (("setgroups", "deny"), ("uid_map", "%d %d 1" % (user, user)), ("gid_map", "%d %d 1" % (group, group))):
                with open("/proc/self/" + name, "w") as file:
                    file.write(text)
            self.note("user", "a user namespace of its own")
        self.network = os.readlink("/proc/self/ns/net")
        return "a network namespace of its own, with nothing in it"

    @staticmethod
    def hide():
        prctl(PR_SET_DUMPABLE, 0)
        return "not dumpable"

    # Last of all, before the model is read

    def close(self, order):
        """From here on this process has its memory, what descriptors it
        holds, and a folder to put a socket into."""
        self.step("dumps", self.leave_no_core)
        self.step("swap", self.stay_in_memory)
        if order.get("user") is not None:
            self.step("user", lambda: self.become(order["user"]))
        elif "user" not in self.protections:
            self.note("user", "runs as Holdfast's own user", held=False)
        # Another user made it dumpable anew, or as the machine is set.
        self.step("readers", self.hide) if self.protections["readers"]["held"] else None
        self.step("privileges", self.gain_nothing)
        self.step("files", self.lose_files)
        self.step("calls", lambda: self.lose_calls(bytes.fromhex(order["filter"])))
        self.try_it_out()

    @staticmethod
    def leave_no_core():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        return "RLIMIT_CORE is 0"

    @staticmethod
    def stay_in_memory():
        infinite = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        if os.geteuid() == 0:
            try:
                resource.setrlimit(resource.RLIMIT_MEMLOCK, infinite)
            except (ValueError, OSError):
                pass
        # With a limit, the engine would be refused memory later on.
        if resource.getrlimit(resource.RLIMIT_MEMLOCK) != infinite:
            raise Refused("RLIMIT_MEMLOCK is too low to lock its memory")
        call(libc.mlockall, MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)
        return "its memory is locked as it is used"

    @staticmethod
    def become(user):
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        return "user %d, which nothing else has" % user

    @staticmethod
    def gain_nothing():
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        # Whoever makes a user namespace has every capability in it.
        call(libc.capset, struct.pack("Ii", CAPABILITY_VERSION_3, 0), bytes(24))
        return "no_new_privs and no capability"

    @staticmethod
    def lose_files():
        """Landlock (landlock(7)): nothing may be opened, and a socket may be
        made in the working directory."""
        abi = syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(LANDLOCK_VERSION))
        # What each version can refuse: files, truncating, ioctls on devices;
        # TCP; signals and abstract sockets of those outside.
        files = (1 << (16 if abi >= 5 else 15 if abi >= 3 else 14 if abi >= 2 else 13)) - 1
        parts = [files] + ([3] if abi >= 4 else []) + ([3] if abi >= 6 else [])
        attributes = struct.pack("%dQ" % len(parts), *parts)
        ruleset = syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
        folder = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            rule = struct.pack("=Qi", LANDLOCK_MAKE_SOCK, folder)
            syscall(LANDLOCK_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(LANDLOCK_PATH_BENEATH), rule, ctypes.c_uint32(0))
            syscall(LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
        finally:
            os.close(folder)
            os.close(ruleset)
        return "Landlock version %d: a socket in its folder, and nothing else" % abi

    @staticmethod
    def lose_calls(program):
        class Program(ctypes.Structure):
            _fields_ = [("count", ctypes.c_ushort), ("steps", ctypes.c_char_p)]

        # struct sock_filter has eight bytes.
        filter = Program(len(program) // 8, program)
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(filter))
        return "a seccomp filter of %d steps" % (len(program) // 8)

    def try_it_out(self):
        """Tries forbidden operations, since it can't be seen from outside whether Landlock is in force."""
        def must_fail(name, attempt):
            if not self.protections[name]["held"]:
                return
            try:
                attempt()
            except OSError:
                return
            self.note(name, "it was tried, and does not hold", held=False)

        must_fail("files", lambda: os.close(os.open("/proc/self/status", os.O_RDONLY)))
        must_fail("files", lambda: os.mkdir("folder"))
        must_fail("calls", lambda: socket.socket(socket.AF_INET).close())

    # Once the model is loaded

    def report(self):
        told = {"protections": self.protections, "network": getattr(self, "network", None)}
        for name, file in self.told.items():
            try:
                file.seek(0)
                told[name] = file.read()
            except OSError:
                pass
        return told


