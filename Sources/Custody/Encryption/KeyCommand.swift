import CLinux
import Files
import Glibc

/// Runs a program that prints a key.
enum KeyCommand {
    /// The longest time that the command may take, in milliseconds.
    private static let patience: Int32 = 30_000

    /// - Throws: ``CustodyProblem`` if the command can't be run, fails, takes too long or prints too much.
    static func output(of words: [String], longest: Int) throws(CustodyProblem) -> String {
        var pipe: [Int32] = [-1, -1]
        guard clinux_pipe(&pipe) == 0 else { throw failed(words, reason(errno)) }
        defer { close(pipe[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, pipe[1], 1)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var child: pid_t = 0
        let status = posix_spawnp(&child, words[0], &actions, nil, &arguments, environ)
        close(pipe[1])
        guard status == 0 else { throw failed(words, reason(status)) }

        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        var complaint: String?
        let deadline = milliseconds() + Int64(patience)
        reading: while true {
            var event = pollfd(fd: pipe[0], events: Int16(POLLIN), revents: 0)
            let ready = uninterrupted { poll(&event, 1, Int32(max(0, deadline - milliseconds()))) }
            guard ready != 0 else {
                complaint = "it took longer than \(patience / 1000) s"
                break
            }
            let count = uninterrupted { Glibc.read(pipe[0], &buffer, buffer.count) }
            guard count > 0 else { break reading }
            bytes += buffer[..<count]
            if bytes.count > longest {
                complaint = "it printed more than a key"
                break
            }
        }
        if complaint != nil { kill(child, SIGKILL) }
        var ending: Int32 = 0
        _ = uninterrupted { waitpid(child, &ending, 0) }
        if let complaint { throw failed(words, complaint) }
        guard ending == 0 else { throw failed(words, "it ended with status \(ending >> 8 & 0xFF)") }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func milliseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    private static func failed(_ words: [String], _ why: String) -> CustodyProblem {
        CustodyProblem(
            .encryption, "the command \(words.first ?? "") gave no key: \(why)", remedy: "correct weights_key")
    }
}
