import Files

/// The memory of this machine.
enum MachineMemory {
    /// - Throws: ``CustodyProblem`` if a copy of that many bytes would use up the memory that other programs need: the
    ///   kernel grants memory at first, and kills processes later.
    static func require(_ bytes: UInt64, for model: String) throws(CustodyProblem) {
        guard let available, available < bytes else { return }
        throw CustodyProblem(
            .system, "\(model) needs \(bytes >> 20) MiB of memory, and \(available >> 20) MiB are available",
            remedy: "use a machine with more memory, or a smaller model")
    }

    /// The value of `MemAvailable` in /proc/meminfo, in bytes; nil if it is missing.
    static var available: UInt64? {
        guard let text = ProcFile.read("/proc/meminfo", limit: 16 << 10) else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
            return line.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }.map { $0 << 10 }
        }
        return nil
    }
}

/// The small texts that the kernel tells things in.
enum ProcFile {
    /// Nil where it isn't there, or isn't ours to read.
    static func read(_ path: String, limit: Int) -> String? {
        (try? WholeFile.readAll(path, limit: limit, within: nil)).map { String(decoding: $0, as: UTF8.self) }
    }
}
