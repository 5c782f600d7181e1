/// One line of /proc/PID/maps (proc_pid_maps(5)).
package struct MemoryMapping: Sendable, Hashable {
    package var addresses: Range<UInt64>
    package var isReadable: Bool
    package var isWritable: Bool
    package var isExecutable: Bool
    package var isShared: Bool
    /// The offset in the file at which the mapping begins.
    package var offset: UInt64
    /// `major:minor`, in hex, as the kernel writes it.
    package var device: String
    package var inode: UInt64
    /// Empty for memory that belongs to no file.
    package var path: String

    package var size: UInt64 { addresses.upperBound - addresses.lowerBound }

    /// Nil for a line that is none.
    init?(_ line: Substring) {
        let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
        guard words.count >= 5, words[1].utf8.count == 4, let offset = UInt64(words[2], radix: 16),
            let inode = UInt64(words[4])
        else { return nil }
        let ends = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
        guard ends.count == 2, ends[0] < ends[1] else { return nil }
        let rights = Array(words[1].utf8)
        addresses = ends[0]..<ends[1]
        isReadable = rights[0] == UInt8(ascii: "r")
        isWritable = rights[1] == UInt8(ascii: "w")
        isExecutable = rights[2] == UInt8(ascii: "x")
        isShared = rights[3] == UInt8(ascii: "s")
        self.offset = offset
        device = String(words[3])
        self.inode = inode
        // Columns are aligned, and a path may have spaces in it.
        path = words.count > 5 ? String(words[5].drop { $0 == " " }) : ""
    }

    /// All of a process. What can't be read as a line is left out.
    package static func all(in text: String) -> [MemoryMapping] {
        text.split(separator: "\n").compactMap { MemoryMapping($0) }
    }

    /// True for a mapping that the kernel itself adds to every process.
    var isOfTheKernel: Bool { path == "[vdso]" || path == "[vsyscall]" || path == "[vvar]" }

    /// Returns whether this is a mapping of the memory file. Sealed memory has a device that no path leads to, and its
    /// inode is unique there.
    func shows(_ memory: SealedMemory) -> Bool {
        inode == memory.identity.inode && path.hasPrefix("/memfd:") && device == memory.identity.shownDevice
    }
}

extension FileIdentity {
    /// As /proc/PID/maps writes a device.
    var shownDevice: String {
        // makedev(3) of glibc.
        let major = (device >> 8 & 0xFFF) | (device >> 32 & ~0xFFF)
        let minor = (device & 0xFF) | (device >> 12 & ~0xFF)
        func hex(_ number: UInt64) -> String {
            let text = String(number, radix: 16)
            return text.utf8.count < 2 ? "0" + text : text
        }
        return "\(hex(major)):\(hex(minor))"
    }
}
