import Files
import Glibc

/// The memory that a start needs and a running server doesn't: code that ran
/// once.
package enum StartupMemory {
    /// Gives it back to the system.
    ///
    /// Pages of programs and libraries stay in the system's cache of files,
    /// and come back from there when they are needed: some 30 MiB less in the
    /// memory of an idle process cost the first requests some hundred page
    /// faults, each without a read of the disk.
    package static func release() {
        guard let maps = try? WholeFile.readAll("/proc/self/maps", limit: 4 << 20) else { return }
        for range in codeRanges(String(decoding: maps, as: UTF8.self)) {
            madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
        }
    }

    /// Returns the addresses of code that files hold, whose pages equal the
    /// files' (proc_pid_maps(5)). Writable pages, and those that the loader has
    /// written to, are left out: what stands there is in no file.
    package static func codeRanges(_ maps: String) -> [Range<UInt>] {
        maps.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard fields.count == 6, fields[1] == "r-xp", fields[5].drop(while: { $0 == " " }).hasPrefix("/") else {
                return nil
            }
            let ends = fields[0].split(separator: "-").map { UInt($0, radix: 16) }
            guard ends.count == 2, let start = ends[0], let end = ends[1], start < end else { return nil }
            return start..<end
        }
    }
}
