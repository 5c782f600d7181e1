import CLinux
import Custody
import EngineHost
import FoundationEssentials
import Glibc
import Subprocess
import SystemPackage
import Testing

/// The launcher with an engine that tries to get out, and neighbours that try
/// to get in. As root it becomes a user of its own; as anybody else it has to
/// do with a user namespace: both ways are tried.
@Suite(.timeLimit(.minutes(10)), .enabled(if: geteuid() == 0, "becoming other users takes root"))
struct HostileEngineTests {
    private static let nobody: UInt32 = 61_183
    private let python = Executable.path("/usr/bin/python3")

    enum Start: String, CaseIterable, CustomTestStringConvertible {
        case asRoot, asSomebody
        var testDescription: String { rawValue }
    }

    /// The attempts of a hostile engine, each a line of Python: none may succeed, and none may end the engine.
    private static let attempts = """
        import ctypes, mmap, os, socket, signal
        libc = ctypes.CDLL(None, use_errno=True)
        def call(function, *arguments):
            if function(*arguments) == -1: raise OSError(ctypes.get_errno(), 'refused')
        def number(*arguments): call(libc.syscall, *map(ctypes.c_long, arguments))
        ARM = os.uname().machine == 'aarch64'
        attempts = {
            'tcp': lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
            'tcp over ipv6': lambda: socket.socket(socket.AF_INET6, socket.SOCK_STREAM),
            'udp': lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
            'raw packets': lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
            'netlink': lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
            'vsock': lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM),
            'unix datagrams': lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM),
            'connecting': lambda: socket.socket(socket.AF_UNIX).connect('engine.sock'),
            'connecting to an abstract socket': lambda: socket.socket(socket.AF_UNIX).connect('\\0x'),
            'execve': lambda: os.execv('/bin/true', ['true']),
            'execveat': lambda: call(libc.execveat, 100, b'', None, None, 0x1000),
            'fork': lambda: os._exit(9) if os.fork() == 0 else None,
            'posix_spawn': lambda: os.posix_spawn('/bin/true', ['true'], {}),
            'io_uring_setup': lambda: number(425, 8, ctypes.addressof(ctypes.create_string_buffer(120))),
            'io_uring_enter': lambda: number(426, 0, 0, 0, 0, 0, 0),
            'memfd_create': lambda: os.memfd_create('x'),
            'ptrace': lambda: call(libc.ptrace, 16, os.getppid(), 0, 0),
            'tracing itself': lambda: call(libc.ptrace, 0, 0, 0, 0),
            'process_vm_readv': lambda: call(libc.process_vm_readv, os.getppid(), 0, 0, 0, 0, 0),
            'bpf': lambda: number(280 if ARM else 321, 0, 0, 0),
            'userfaultfd': lambda: number(282 if ARM else 323, 0),
            'perf': lambda: number(241 if ARM else 298, 0, 0, -1, -1, 0),
            'unshare': lambda: call(libc.unshare, 0x10000000),
            'mount': lambda: call(libc.mount, b'none', b'/tmp', b'tmpfs', 0, None),
            'signals': lambda: os.kill(os.getppid(), 0),
            'reading a file': lambda: open('/etc/hostname'),
            'reading its own program': lambda: open('/proc/self/exe', 'rb'),
            'listing a folder': lambda: os.listdir('/'),
            'writing a file': lambda: open('/tmp/hf-escape-%d' % os.getpid(), 'w'),
            'writing in its folder': lambda: open('file', 'w'),
            'making a folder': lambda: os.mkdir('folder'),
            'making a FIFO': lambda: os.mkfifo('fifo'),
            'making a link': lambda: os.symlink('/etc/hostname', 'link'),
            'making a hard link': lambda: os.link('engine.sock', 'link'),
            'renaming': lambda: os.rename('engine.sock', 'other'),
            "others' memory": lambda: open('/proc/%d/mem' % os.getppid()),
            'executable memory': lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC),
            'writing its weights': lambda: os.pwrite(100, b'x', 0),
            'writing its weights through /proc': lambda: open('/proc/self/fd/100', 'r+b').write(b'x'),
            'mapping its weights to write': lambda: mmap.mmap(100, 0, access=mmap.ACCESS_WRITE),
            'becoming readable': lambda: call(libc.prctl, 4, 1, 0, 0, 0),
            'becoming root': lambda: os.setresuid(0, 0, 0),
            'a debugger for itself': lambda: call(libc.prctl, 0x59616d61, os.getppid(), 0, 0, 0) or number(0x7fff),
        }
        def outcome(attempt):
            try: attempt()
            except (OSError, PermissionError): return 'refused'
            except Exception as error: return 'not tried: %r' % error
            return 'DONE'
        def Server(p):
            # A socket in its folder it may make: there is none to reach else.
            socket.socket(socket.AF_UNIX).bind('engine.sock')
            for name, attempt in attempts.items():
                print(name, '=', outcome(attempt), flush=True)
            print('over', flush=True)
        """

    @Test(arguments: Start.allCases) func engineThatTriesToGetOutGetsNowhere(_ start: Start) async throws {
        try await withScratchDirectory { directory in
            let output = try await launch(start, module: Self.attempts, in: directory) { _ in }
            let lines = output.split(separator: "\n")
            #expect(lines.last == "over", "\(output)")
            #expect(lines.count > 40)
            for line in lines.dropLast() { #expect(line.hasSuffix("= refused"), "\(line)") }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/s") == ["engine.sock"])
        }
    }

    /// Another process of the engine's own user, which must not have more access than a stranger.
    private static let neighbour = """
        import ctypes, os, sys
        victim = int(sys.argv[1])
        libc = ctypes.CDLL(None, use_errno=True)
        def call(function, *arguments):
            if function(*arguments) == -1: raise OSError(ctypes.get_errno(), 'refused')
        class Piece(ctypes.Structure):
            _fields_ = [('at', ctypes.c_void_p), ('size', ctypes.c_size_t)]
        def memory():
            with open('/proc/%d/mem' % victim, 'rb') as file: return file.fileno()
        def vm():
            here = Piece(ctypes.addressof(ctypes.create_string_buffer(8)), 8)
            call(libc.process_vm_readv, victim, ctypes.byref(here), 1, ctypes.byref(Piece(0x400000, 8)), 1, 0)
        for name, attempt in {
            'mem': memory, 'maps': lambda: open('/proc/%d/maps' % victim).read(),
            'fd': lambda: os.listdir('/proc/%d/fd' % victim), 'weights': lambda: open('/proc/%d/fd/100' % victim, 'rb'),
            'environ': lambda: open('/proc/%d/environ' % victim, 'rb').read(),
            'map_files': lambda: os.listdir('/proc/%d/map_files' % victim),
            'root': lambda: os.listdir('/proc/%d/root' % victim),
            'process_vm_readv': vm,
            'ptrace': lambda: call(libc.ptrace, 0x4206, victim, 0, 0),
        }.items():
            try: attempt(); print(name, '= DONE')
            except PermissionError: print(name, '= refused')
            except OSError as error:
                # ctypes' errors have no class of their own.
                print(name, '= refused' if error.errno in (1, 13) else '= %r' % error)
        """

    private static let quiet = "import os\ndef Server(p): print(os.getpid(), flush=True)"

    @Test(arguments: Start.allCases) func neighbourOfTheSameUserSeesNothing(_ start: Start) async throws {
        try await withScratchDirectory { directory in
            _ = try await launch(start, module: Self.quiet, in: directory) { engine in
                let lines = try await look(at: engine, as: Self.nobody).split(separator: "\n")
                #expect(lines.count == 9)
                for line in lines { #expect(line.hasSuffix("= refused"), "\(line)") }
            }
        }
    }

    /// The same neighbour and a process that does not hide: it is seen, so
    /// the test above can fail.
    @Test func neighbourSeesWhoDoesNotHide() async throws {
        var options = PlatformOptions()
        options.userID = Self.nobody
        options.groupID = Self.nobody
        options.supplementaryGroups = []
        _ = try await Subprocess.run(
            python, arguments: ["-c", "import time; time.sleep(300)"], environment: .custom([:]),
            platformOptions: options, input: .none, output: .discarded, error: .discarded
        ) { process in
            let number = process.processIdentifier.value
            let text = try await look(at: number, as: Self.nobody)
            for name in ["mem", "maps", "fd", "environ", "ptrace"] {
                #expect(text.contains("\(name) = DONE"), "\(text)")
            }
            kill(number, SIGKILL)
        }
    }

    private func look(at process: Int32, as user: UInt32) async throws -> String {
        var options = PlatformOptions()
        options.userID = user
        options.groupID = user
        options.supplementaryGroups = []
        return try await Subprocess.run(
            python, arguments: ["-I", "-c", Self.neighbour, "\(process)"], environment: .custom([:]),
            platformOptions: options, input: .none, output: .string(limit: 10_000), error: .discarded
        ).standardOutput
    }

    /// Runs the launcher with a module in place of xllamacpp, and `body` once it has reported; then lets it continue.
    /// - Returns: the output of the module.
    private func launch(
        _ start: Start, module: String, in directory: String, _ body: (Int32) async throws -> Void
    ) async throws -> String {
        chmod(directory, 0o755)
        let folder = directory + "/s"
        mkdir(folder, 0o700)
        chown(folder, Self.nobody, Self.nobody)
        let stand = """
            class Anything:
                def __getattr__(self, name):
                    value = Anything(); setattr(self, name, value); return value
            CommonParams = Anything
            llama_load_mode = Anything()

            """
        try (stand + module).write(toFile: directory + "/xllamacpp.py", atomically: true, encoding: .utf8)
        try String(decoding: EngineCommand.launcher, as: UTF8.self)
            .write(toFile: directory + "/launch.py", atomically: true, encoding: .utf8)
        chmod(directory + "/xllamacpp.py", 0o644)
        chmod(directory + "/launch.py", 0o644)
        var order = try EngineStartOrder(
            EngineConfiguration(
                provider: "here", launcher: .python(interpreter: "python"), modelFile: directory + "/model.gguf",
                alias: "tiny", runDirectory: directory), weights: .init(["model.gguf"]),
            user: start == .asRoot ? Self.nobody : nil)
        order.folder = folder
        let line = try order.line()
        let weights = try sealedWords().files[0].memory
        var pair: [Int32] = [-1, -1]
        try #require(clinux_socket_pair(&pair) == 0)
        let (ours, child) = (pair[0], FileDescriptor(rawValue: pair[1]))
        var options = PlatformOptions()
        if start == .asSomebody {
            options.userID = Self.nobody
            options.groupID = Self.nobody
            options.supplementaryGroups = []
        }
        let code = "import sys; sys.path.insert(0, '\(directory)'); exec(open('\(directory)/launch.py').read())"
        let result = try await Subprocess.run(
            python, arguments: ["-I", "-B", "-c", code], environment: .custom([:]), platformOptions: options,
            input: .fileDescriptor(child, closeAfterSpawningProcess: true), output: .string(limit: 20_000),
            error: .string(limit: 20_000)
        ) { process in
            try #require(clinux_send(ours, line, line.count, [weights.descriptor], 1) == 0)
            let answer = await onAnotherThread {
                Lifeline.answer(on: FileDescriptor(rawValue: ours), by: .now + .seconds(60))
            }
            #expect(answer != nil, "it did not report")
            try await body(process.processIdentifier.value)
            close(ours)
        }
        #expect(result.terminationStatus == .exited(0), "\(result.standardError)")
        return result.standardOutput
    }
}
