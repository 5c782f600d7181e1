package import Logging

/// Turns what an engine prints into lines of our log.
///
/// Lines are cut at `longestLine` bytes. What an engine prints once it serves
/// may quote a request, so what is not known to be harmless is then withheld.
package struct EngineLog {
    static let longestLine = 1000

    private let logger: Logger
    /// True if the lines are those of llama.cpp, whose format is known.
    private let isKnown: Bool
    private var partial: [UInt8] = []
    private var overflowed = false
    /// The engine's latest line that looked like a complaint, from before it served.
    private(set) var complaint: String?

    package init(logger: Logger, isKnown: Bool) {
        self.logger = logger
        self.isKnown = isKnown
    }

    /// Takes the next bytes of output.
    package mutating func take(_ bytes: UnsafeRawBufferPointer, serving: Bool) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                finishLine(serving: serving)
            } else if partial.count < Self.longestLine {
                partial.append(byte)
            } else {
                overflowed = true
            }
        }
    }

    /// Logs what is left when the output has ended.
    package mutating func finish(serving: Bool) {
        if !partial.isEmpty { finishLine(serving: serving) }
    }

    private mutating func finishLine(serving: Bool) {
        let text = Self.printable(partial) + (overflowed ? "…" : "")
        partial.removeAll(keepingCapacity: true)
        overflowed = false
        guard !text.isEmpty, let line = Line(text, isKnown: isKnown, serving: serving) else { return }
        if !serving, line.isComplaint { complaint = line.text }
        logger.log(level: line.level, "\(line.text)")
    }

    /// Control characters could forge lines or move a terminal's cursor.
    private static func printable(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.filter { $0 >= 0x20 && $0 != 0x7f || $0 == UInt8(ascii: "\t") }, as: UTF8.self)
    }
}

extension EngineLog {
    /// One line, understood.
    package struct Line: Equatable {
        package var level: Logger.Level
        package var text: String
        /// True if the line may contain the reason why a start fails.
        var isComplaint: Bool

        /// nil if the line is not to be logged.
        package init?(_ line: String, isKnown: Bool, serving: Bool) {
            if line.hasPrefix("holdfast: ") {
                self.init(level: .error, text: String(line.dropFirst(10)), isComplaint: true)
                return
            }
            if let (mark, text) = Self.llama(line) {
                // llama.cpp quotes the piece of JSON that it could not parse.
                let shown =
                    text.firstRange(of: "got exception:").map { text[..<$0.upperBound] + " (withheld)" } ?? text[...]
                switch mark {
                // A request that an engine refuses is no fault of the engine's.
                case "E": self.init(level: serving ? .warning : .error, text: String(shown), isComplaint: true)
                // Its warnings are about one request, or about an address and
                // a web page that are not there.
                case "W": self.init(level: .debug, text: String(shown), isComplaint: false)
                case "I": self.init(level: .debug, text: String(shown), isComplaint: false)
                default: return nil
                }
                return
            }
            guard !serving || isKnown else { return nil }
            self.init(level: isKnown ? .warning : .info, text: line, isComplaint: true)
        }

        private init(level: Logger.Level, text: String, isComplaint: Bool) {
            self.level = level
            self.text = text
            self.isComplaint = isComplaint
        }

        /// Level and text of a line like `0.00.162.546 W srv load_model: text`.
        private static func llama(_ line: String) -> (mark: Character, text: String)? {
            let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
            guard parts.count == 3, parts[1].count == 1, let mark = parts[1].first, "EWID".contains(mark),
                parts[0].utf8.allSatisfy({ $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) })
            else { return nil }
            return (mark, parts[2].split(separator: " ", omittingEmptySubsequences: true).joined(separator: " "))
        }
    }
}
