/// A check whether a file begins like a Python pickle (Python's `pickletools`).
enum PickleShape {
    static func begins(_ head: [UInt8]) -> Bool { beginsWithProtocol(head) || beginsAsText(head) }

    /// From protocol 2 on: PROTO, its number, and the first instruction.
    ///
    /// A safetensors header of 640 bytes starts with PROTO 2, too. Its next
    /// byte is no instruction, however, so nothing could be unpickled from it.
    private static func beginsWithProtocol(_ head: [UInt8]) -> Bool {
        head.count > 2 && head[0] == 0x80 && (2...5).contains(head[1]) && instructions.contains(head[2])
    }

    /// All of them, up to protocol 5.
    private static let instructions = Set("(.012FIJKLMNPQRSTUVXabcd}eghijl]opqrst)uGBC".utf8).union(0x80...0x98)

    /// Protocols 0 and 1, which have no magic: the ways in which their writers
    /// begin. Four bytes at least, the last of them too large for a
    /// safetensors header's length.
    private static func beginsAsText(_ head: [UInt8]) -> Bool {
        let text = head.prefix(128)
        switch text.first {
        case UInt8(ascii: "c"): return isGlobal(text.dropFirst())
        case UInt8(ascii: "("):
            guard text.count >= 4, text[3] > 0x09 else { return false }
            switch text[1] {
            case UInt8(ascii: "d"), UInt8(ascii: "l"), UInt8(ascii: "t"): return text[2] == UInt8(ascii: "p")
            case UInt8(ascii: "c"), UInt8(ascii: "i"): return isGlobal(text.dropFirst(2))
            case UInt8(ascii: "S"): return [UInt8(ascii: "'"), UInt8(ascii: "\"")].contains(text[2])
            default: return false
            }
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            return text.count >= 4 && text[1] == UInt8(ascii: "q") && text[2] == 0 && text[3] == UInt8(ascii: "(")
        default: return false
        }
    }

    /// Returns whether the bytes are `module\nname\n`, the target that GLOBAL and INST call.
    private static func isGlobal(_ bytes: ArraySlice<UInt8>) -> Bool {
        let lines = bytes.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
        return lines.count == 3 && lines[0].count + lines[1].count >= 2
            && lines[..<2].allSatisfy { line in
                !line.isEmpty
                    && line.allSatisfy {
                        switch $0 {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."):
                            true
                        default: false
                        }
                    }
            }
    }
}
