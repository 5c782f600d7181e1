import Files

/// The kernel's files on processes.
enum ProcessFile {
    /// A text below /proc; nil where there is none, or it is hidden.
    static func text(_ path: String) -> String? {
        // Answered by the kernel at once: no time limit, and no thread for it.
        guard let bytes = try? WholeFile.readAll("/proc/\(path)", limit: 1 << 20, within: nil) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The numbers of all processes that can be seen.
    static var processes: [Int32] { (try? Folder.entries("/proc"))?.flatMap { $0.compactMap { Int32($0.name) } } ?? [] }
}

/// The identity of a process, which distinguishes it from a later process with the same number.
package struct ProcessIdentity: Sendable, Hashable {
    package var number: Int32
    package var parent: Int32
    /// In the kernel's ticks since it booted; nil where /proc hides it.
    package var began: UInt64?
    /// The name that the process gave itself: 15 bytes of its own choice.
    package var name: String

    /// Nil where there is no such process, or /proc hides it.
    package init?(_ number: Int32) {
        guard let stat = ProcessFile.text("\(number)/stat") else { return nil }
        self.init(number, stat: stat)
    }

    /// - Parameter stat: as proc(5) has it; the name in it may hold brackets
    ///   and spaces.
    package init?(_ number: Int32, stat: String) {
        guard let open = stat.firstIndex(of: "("), let close = stat.lastIndex(of: ")"), open < close else { return nil }
        let fields = stat[close...].split(separator: " ").dropFirst()
        // Behind the name: the state, the parent; the 22nd of all is when it
        // began.
        guard fields.count > 19, let parent = Int32(fields[fields.startIndex + 1]),
            let began = UInt64(fields[fields.startIndex + 19])
        else { return nil }
        self.number = number
        self.parent = parent
        self.began = began
        name = String(stat[stat.index(after: open)..<close])
    }

    /// Creates the identity of a child of this process. Its number can't be reused before its exit code is collected.
    init(child number: Int32) {
        if let known = ProcessIdentity(number) {
            self = known
        } else {
            self.number = number
            parent = 0
            began = nil
            name = ""
        }
    }
}

extension EngineFamily {
    /// The depth up to which descendants are searched; deeper trees belong to no engine.
    private static let deepest = 64

    /// Returns whether a process is the engine or one of its descendants at this moment.
    ///
    /// - Parameters:
    ///   - root: the identity of the engine's process when it was started.
    ///   - look: returns the present identity of a process.
    package static func has(
        _ number: Int32, below root: ProcessIdentity, _ look: (Int32) -> ProcessIdentity? = { ProcessIdentity($0) }
    ) -> Bool {
        guard number > 0 else { return false }
        guard let began = root.began else { return number == root.number }
        // Its number may have been given to another since.
        guard look(root.number)?.began == began else { return false }
        if number == root.number { return true }
        guard var process = look(number) else { return false }
        for _ in 0..<deepest {
            guard process.parent > 1, let parent = look(process.parent), let age = parent.began,
                // Nobody is older than who started it: it would be another
                // with the number of one that is gone.
                age <= process.began ?? 0
            else { return false }
            if parent.number == root.number { return age == began }
            process = parent
        }
        return false
    }
}
