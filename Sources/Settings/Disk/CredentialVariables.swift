package import Files

/// The variables that a settings file may name: the process's environment, and
/// beside it the credentials that systemd hands to a service (`LoadCredential=`),
/// each a file whose name is the variable's.
package enum CredentialVariables {
    /// Longer ones are no keys.
    private static let longest = 64 << 10

    /// The environment with what `CREDENTIALS_DIRECTORY` holds; a variable
    /// that is set goes before a credential of its name.
    ///
    /// - Parameter unreadable: told of every credential that can't be read: its
    ///   variable is not set then.
    package static func joined(
        to environment: [String: String], unreadable: (FileFault) -> Void
    ) -> [String: String] {
        guard let folder = environment["CREDENTIALS_DIRECTORY"] else { return environment }
        var joined = environment
        do throws(FileFault) {
            for (name, _) in try Folder.entries(folder) ?? [] where isVariable(name) && joined[name] == nil {
                do throws(FileFault) {
                    joined[name] = text(try WholeFile.readAll("\(folder)/\(name)", limit: longest))
                } catch {
                    unreadable(error)
                }
            }
        } catch {
            unreadable(error)
        }
        return joined
    }

    private static func text(_ bytes: [UInt8]) -> String {
        // Editors end a file with a line end, which is no part of a key.
        var text = Substring(decoding: bytes, as: UTF8.self)
        while text.last?.isNewline == true { text.removeLast() }
        return String(text)
    }

    private static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "_")
        }
    }
}
