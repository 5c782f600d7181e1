import Crypto
import FoundationEssentials

/// Decrypts an age v1 file into memory, and nowhere else.
///
/// Nothing that a chunk's tag doesn't vouch for is written: a chunk that is
/// missing, out of its place, or changed ends the copy (C2SP age, "Payload";
/// Rogaway's STREAM).
enum AgeCopy {
    private static let chunk = 64 << 10
    private static let tag = 16

    static func run(
        _ file: borrowing PlainFile, into memory: inout MemoryFile, expecting size: UInt64, of name: String,
        with identities: [AgeIdentity]
    ) throws(CustodyProblem) {
        var reader = BufferedReader()
        let header = try AgeHeader { () throws(CustodyProblem) -> [UInt8]? in
            try reader.line(file, longest: AgeHeader.mostBytes)
        }
        let key = try header.fileKey(identities, of: name)
        let nonce = try reader.take(16, file)
        guard nonce.count == 16 else { throw cutOff(name) }
        let payload = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, salt: nonce, info: Array("payload".utf8), outputByteCount: 32)
        var number: UInt64 = 0
        var sealed = try reader.take(chunk + tag, file)
        while true {
            // Only what comes after it tells that a chunk is the last.
            let next = sealed.count == chunk + tag ? try reader.take(chunk + tag, file) : []
            let isLast = next.isEmpty
            guard sealed.count > tag || sealed.count == tag && isLast && number == 0 else { throw cutOff(name) }
            try decrypt(sealed, number, isLast: isLast, payload, into: &memory, size, name)
            if isLast { break }
            sealed = next
            number += 1
        }
        guard memory.size == size else { throw .length(of: name, memory.size, size) }
    }

    /// Returns the number of plain bytes in an encrypted file, computed from its length.
    static func plainSize(of file: borrowing PlainFile, named name: String) throws(CustodyProblem) -> UInt64 {
        var reader = BufferedReader()
        _ = try AgeHeader { () throws(CustodyProblem) -> [UInt8]? in
            try reader.line(file, longest: AgeHeader.mostBytes)
        }
        let before = reader.taken + 16
        guard file.size >= before + UInt64(tag) else { throw cutOff(name) }
        let sealed = file.size - before
        let chunks = (sealed + UInt64(chunk + tag) - 1) / UInt64(chunk + tag)
        return sealed - chunks * UInt64(tag)
    }

    private static func decrypt(
        _ sealed: [UInt8], _ number: UInt64, isLast: Bool, _ key: SymmetricKey, into memory: inout MemoryFile,
        _ size: UInt64, _ name: String
    ) throws(CustodyProblem) {
        // Eleven bytes of counter, of which eight are enough, and the flag.
        let counter = stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> UInt64($0)) }
        let nonce = [0, 0, 0] + counter + [isLast ? 1 : 0]
        guard
            let box = try? ChaChaPoly.SealedBox(
                nonce: ChaChaPoly.Nonce(data: nonce), ciphertext: sealed.dropLast(tag), tag: sealed.suffix(tag)),
            let plain = try? ChaChaPoly.open(box, using: key)
        else {
            throw CustodyProblem(
                .encryption,
                "\(name) was changed or cut off: its chunk \(number + 1) is not what was encrypted there",
                remedy: "fetch the encrypted file again")
        }
        guard memory.size + UInt64(plain.count) <= size else {
            throw .length(of: name, memory.size + UInt64(plain.count), size)
        }
        var failure: CustodyProblem?
        plain.withUnsafeBytes { bytes in
            do throws(CustodyProblem) { try memory.append(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private static func cutOff(_ name: String) -> CustodyProblem {
        CustodyProblem(.encryption, "\(name) is cut off", remedy: "fetch the encrypted file again")
    }
}

/// Takes lines and pieces from a file, in its order.
struct BufferedReader {
    private var held: [UInt8] = []
    private var place = 0
    /// Bytes that were taken out so far.
    private(set) var taken: UInt64 = 0

    /// The next line without its end; nil where it has none, or is too long.
    mutating func line(_ file: borrowing PlainFile, longest: Int) throws(CustodyProblem) -> [UInt8]? {
        while true {
            if let end = held[place...].firstIndex(of: UInt8(ascii: "\n")) {
                defer {
                    taken += UInt64(end + 1 - place)
                    place = end + 1
                }
                return Array(held[place..<end])
            }
            guard held.count - place <= longest, try fill(file) else { return nil }
        }
    }

    /// The next bytes; fewer only at the end of the file.
    mutating func take(_ count: Int, _ file: borrowing PlainFile) throws(CustodyProblem) -> [UInt8] {
        while held.count - place < count, try fill(file) {}
        let end = min(held.count, place + count)
        defer {
            taken += UInt64(end - place)
            place = end
        }
        return Array(held[place..<end])
    }

    private mutating func fill(_ file: borrowing PlainFile) throws(CustodyProblem) -> Bool {
        if place > 0 {
            let removed = place
            held.removeFirst(removed)
            place = 0
        }
        var count = 0
        var failure: CustodyProblem?
        let more = [UInt8](unsafeUninitializedCapacity: MemoryFile.chunk) { buffer, initialized in
            do throws(CustodyProblem) {
                count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
            } catch { failure = error }
            initialized = count
        }
        if let failure { throw failure }
        held += more
        return count > 0
    }
}
