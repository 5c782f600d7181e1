import Crypto
import Encodings
import Files
import NIOCore
package import Veto

/// The evidence that lies in files: documents and advisories. Blocks, for ten
/// seconds at the most for each file.
package enum FileEvidence {
    private static let longestDocument = 64 << 20

    package static func document(_ document: StandardDocument) -> DocumentFacts {
        do throws(FileFault) {
            let bytes = try WholeFile.readAll(document.file, limit: longestDocument)
            return .onFile(sha256: Hex.encode(SHA256.hash(data: bytes)), bytes: bytes.count)
        } catch {
            return error.isMissing ? .missing : .unreadable("\(error)")
        }
    }

    /// - Parameter now: seconds since 1970.
    package static func advisories(_ path: String, at now: Int) -> AdvisoryFacts {
        do throws(FileFault) {
            return advisories(try WholeFile.readAll(path, limit: Advisories.longest), of: path, at: now)
        } catch {
            return .unreadable("\(error)")
        }
    }

    static func advisories(_ bytes: [UInt8], of place: String, at now: Int) -> AdvisoryFacts {
        do throws(Advisories.Problem) {
            return .read(try Advisories(ByteBuffer(bytes: bytes)), seen: now)
        } catch {
            return .unreadable("\(place): \(error)")
        }
    }
}
