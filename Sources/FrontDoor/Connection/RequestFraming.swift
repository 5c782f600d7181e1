import Glibc
package import NIOCore

/// A scanner that finds where HTTP/1.1 requests begin and end in a caller's
/// bytes (RFC 9112 §2, §6, §7.1).
///
/// Reads only as much as that takes; the decoder behind it judges whether a
/// request is valid. It cuts the bytes so that the decoder never gets the
/// beginning of a request before the previous one is answered. And it hides an
/// offer to change the protocol (`Upgrade`), after which that decoder would
/// read nothing any more.
///
/// Pure: bytes in, pieces out.
package struct RequestFraming {
    package struct Piece: Equatable {
        package var bytes: ByteBuffer
        /// The request's last byte is in it.
        package var endsRequest: Bool
    }

    package enum Step: Equatable {
        case piece(Piece)
        /// Nothing more can be passed on before more has come.
        case wait
        /// A field is continued on the next line (RFC 9112 §5.2), which
        /// parsers don't agree on.
        case folded
    }

    private enum Place {
        case beforeRequest
        case requestLine
        case fieldStart
        /// Inside a field that says nothing of the request's length.
        case field
        case body(left: Int)
        case chunkSize(ChunkSize)
        case chunk(left: Int)
        case chunkEnd
        case trailerStart
        case trailer
        /// No length can be made of it: the decoder says why, and nothing of
        /// it is held back.
        case unreadable
    }

    private struct ChunkSize {
        var value = 0
        var isExtension = false
    }

    private var place = Place.beforeRequest
    private var length: Int?
    private var isChunked = false
    /// The longest line of a field that is held back. A longer one is passed on
    /// unread, for the decoder to refuse.
    private let longestLine: Int

    package init(longestLine: Int = 32 << 10) {
        self.longestLine = longestLine
    }

    /// Tells whether the next byte would be the first of a request.
    package var isBetweenRequests: Bool {
        if case .beforeRequest = place { true } else { false }
    }

    /// Tells whether a head has begun and hasn't ended.
    package var isInHead: Bool {
        switch place {
        case .requestLine, .fieldStart, .field: true
        default: false
        }
    }

    /// Takes the next piece off the front of `bytes`: at most to the end of
    /// one request.
    package mutating func next(_ bytes: inout ByteBuffer) -> Step {
        if isBetweenRequests { skipEmptyLines(&bytes) }
        guard bytes.readableBytes > 0 else { return .wait }
        var scan = Scan()
        bytes.withUnsafeReadableBytes { self.scan($0, &scan) }
        if scan.isFolded {
            place = .unreadable
            return .folded
        }
        guard scan.count > 0 else { return .wait }
        for offer in scan.offers { bytes.setInteger(UInt8(ascii: "x"), at: bytes.readerIndex + offer) }
        return .piece(Piece(bytes: bytes.readSlice(length: scan.count)!, endsRequest: scan.endsRequest))
    }

    /// Before a request they mean nothing (RFC 9112 §2.2).
    private func skipEmptyLines(_ bytes: inout ByteBuffer) {
        let empty = bytes.readableBytesView.prefix { $0 == .carriageReturn || $0 == .lineFeed }.count
        if empty > 0 { bytes.moveReaderIndex(forwardBy: empty) }
    }

    private struct Scan {
        /// Bytes that may be passed on.
        var count = 0
        var endsRequest = false
        /// The positions at which names of `Upgrade` fields begin.
        var offers: [Int] = []
        var isFolded = false
    }

    private mutating func scan(_ bytes: UnsafeRawBufferPointer, _ scan: inout Scan) {
        while scan.count < bytes.count, !scan.endsRequest {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[scan.count...])
            switch place {
            case .beforeRequest:
                (length, isChunked) = (nil, false)
                place = .requestLine
            case .requestLine: scan.count += skipLine(rest, then: .fieldStart)
            case .field: scan.count += skipLine(rest, then: .fieldStart)
            case .trailer: scan.count += skipLine(rest, then: .trailerStart)
            case .chunkEnd: scan.count += skipLine(rest, then: .chunkSize(ChunkSize()))
            case .fieldStart:
                guard readField(rest, &scan) else { return }
            case .trailerStart:
                guard let end = emptyLine(rest) else { return }
                if end > 0 {
                    scan.count += end
                    finish(&scan)
                } else {
                    place = .trailer
                }
            case .body(let left):
                let taken = min(left, rest.count)
                scan.count += taken
                place = .body(left: left - taken)
                if taken == left { finish(&scan) }
            case .chunkSize(var size):
                scan.count += read(rest, &size)
            case .chunk(let left):
                let taken = min(left, rest.count)
                scan.count += taken
                place = taken == left ? .chunkEnd : .chunk(left: left - taken)
            case .unreadable: scan.count = bytes.count
            }
        }
    }

    private mutating func finish(_ scan: inout Scan) {
        scan.endsRequest = true
        place = .beforeRequest
    }

    private mutating func skipLine(_ bytes: UnsafeRawBufferPointer, then next: Place) -> Int {
        guard let end = bytes.firstIndex(of: .lineFeed) else { return bytes.count }
        place = next
        return end + 1
    }

    /// - Returns: The length of the empty line; 0 where another line begins
    ///   there, nil where that isn't known yet.
    private func emptyLine(_ bytes: UnsafeRawBufferPointer) -> Int? {
        if bytes[0] == .lineFeed { return 1 }
        guard bytes[0] == .carriageReturn else { return 0 }
        guard bytes.count > 1 else { return nil }
        return bytes[1] == .lineFeed ? 2 : 0
    }

    /// - Returns: false where the line has to be held back until more has
    ///   come.
    private mutating func readField(_ bytes: UnsafeRawBufferPointer, _ scan: inout Scan) -> Bool {
        guard let end = emptyLine(bytes) else { return false }
        if end > 0 {
            scan.count += end
            endHead(&scan)
            return true
        }
        if bytes[0] == UInt8(ascii: " ") || bytes[0] == UInt8(ascii: "\t") {
            scan.isFolded = true
            return false
        }
        switch bytes[0] | 0x20 {
        case UInt8(ascii: "c"), UInt8(ascii: "t"), UInt8(ascii: "u"):
            guard let end = bytes.firstIndex(of: .lineFeed) else {
                guard bytes.count > longestLine else { return false }
                place = .field
                return true
            }
            read(line: UnsafeRawBufferPointer(rebasing: bytes[..<end]), &scan)
            scan.count += end + 1
        default: place = .field
        }
        return true
    }

    private mutating func read(line: UnsafeRawBufferPointer, _ scan: inout Scan) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let name = line[..<colon]
        if name.isName("content-length") {
            length = Self.number(line[(colon + 1)...])
        } else if name.isName("transfer-encoding") {
            isChunked = true
        } else if name.isName("upgrade") {
            scan.offers.append(scan.count)
        }
    }

    private mutating func endHead(_ scan: inout Scan) {
        if isChunked {
            place = .chunkSize(ChunkSize())
        } else if let length, length > 0 {
            place = .body(left: length)
        } else {
            finish(&scan)
        }
    }

    /// Reads a number; nil for other text, which the decoder refuses at the end
    /// of the head.
    private static func number(_ text: Slice<UnsafeRawBufferPointer>) -> Int? {
        var value = 0
        for byte in text where byte != 0x20 && byte != 0x09 && byte != .carriageReturn {
            guard (0x30...0x39).contains(byte), value < 1 << 56 else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer, _ size: inout ChunkSize) -> Int {
        for (index, byte) in bytes.enumerated() {
            if byte == .lineFeed {
                place = size.value == 0 ? .trailerStart : .chunk(left: size.value)
                return index + 1
            }
            guard !size.isExtension else { continue }
            guard let digit = byte.hexadecimal else {
                size.isExtension = true
                continue
            }
            guard size.value < 1 << 56 else {
                place = .unreadable
                return bytes.count
            }
            size.value = size.value << 4 | Int(digit)
        }
        place = .chunkSize(size)
        return bytes.count
    }
}

extension UInt8 {
    fileprivate static let lineFeed = UInt8(ascii: "\n")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")

    fileprivate var hexadecimal: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
}

extension Slice<UnsafeRawBufferPointer> {
    /// - Parameter name: in lower case.
    fileprivate func isName(_ name: StaticString) -> Bool {
        guard count == name.utf8CodeUnitCount else { return false }
        for (offset, byte) in enumerated() where byte | 0x20 != name.utf8Start[offset] | 0x20 { return false }
        return true
    }
}

extension UnsafeRawBufferPointer {
    /// Searched with memchr: lines are long.
    fileprivate func firstIndex(of byte: UInt8) -> Int? {
        guard let base = baseAddress, let found = memchr(base, Int32(byte), count) else { return nil }
        return UnsafeRawPointer(found) - base
    }
}
