import Files
import Glibc

/// The variables that a settings file may name: the process's environment, and
/// beside it the credentials that systemd hands to a service (`LoadCredential=`),
/// each a file whose name is the variable's.
package enum CredentialVariables {
    /// Longer ones are no keys.
    private static let longest = 64 << 10

    /// The environment with what `CREDENTIALS_DIRECTORY` holds; a variable
    /// that is set goes before a credential of its name.
    package static func joined(to environment: [String: String]) -> [String: String] {
        guard let folder = environment["CREDENTIALS_DIRECTORY"], let directory = opendir(folder) else {
            return environment
        }
        defer { closedir(directory) }
        var joined = environment
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard isVariable(name), joined[name] == nil,
                let bytes = try? WholeFile.readAll("\(folder)/\(name)", limit: longest)
            else { continue }
            // Editors end a file with a line end, which is no part of a key.
            var text = Substring(decoding: bytes, as: UTF8.self)
            while text.last?.isNewline == true { text.removeLast() }
            joined[name] = String(text)
        }
        return joined
    }

    private static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "_")
        }
    }
}
