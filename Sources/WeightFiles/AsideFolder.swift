import Encodings
import Glibc
package import Signing
package import WeightSigning

/// A folder beside a model's folder, into which files that are not signed are moved: they are kept, but not loaded.
package struct AsideFolder {
    package let path: String
    private let model: String

    /// Makes a new folder, of a name that wasn't there.
    package init(beside model: ModelOnDisk) throws(SigningProblem) {
        for number in 1...1000 {
            let path = "\(model.path).unsigned-\(number)"
            if mkdir(path, 0o700) == 0 {
                (self.path, self.model) = (path, model.path)
                return
            }
            guard errno == EEXIST else { throw Self.problem("make", path) }
        }
        throw .unreadable("there are a thousand folders \(model.path.printable).unsigned-…", remedy: "remove some")
    }

    /// The folders on the way are made anew. A link is moved, not what it
    /// points to.
    package func take(_ place: ModelPath) throws(SigningProblem) {
        var folder = Array(path.utf8)
        for part in place.parts.dropLast() {
            folder += [UInt8(ascii: "/")] + part
            guard mkdir(Self.terminated(folder), 0o700) == 0 || errno == EEXIST else {
                throw Self.problem("make", String(decoding: folder, as: UTF8.self))
            }
        }
        let below = [UInt8(ascii: "/")] + place.bytes
        guard rename(Self.terminated(Array(model.utf8) + below), Self.terminated(Array(path.utf8) + below)) == 0 else {
            throw Self.problem("move", "\(place)")
        }
    }

    private static func terminated(_ bytes: [UInt8]) -> [CChar] { bytes.map(CChar.init(bitPattern:)) + [0] }

    private static func problem(_ what: String, _ path: String) -> SigningProblem {
        .unreadable("can't \(what) \(path.printable): \(String(cString: strerror(errno)))")
    }
}
