import CLinux
import Files
import Glibc
import SystemPackage

/// The one folder that an engine works in: empty when it starts, its own
/// where it runs as another user.
struct SocketFolder {
    let path: String

    /// Makes the folder, and removes the one that an earlier engine has left.
    ///
    /// - Parameters:
    ///   - directory: the directory that contains the folder, which no other user can enter.
    ///   - owner: the user that the folder will belong to; nil is Holdfast's own.
    ///   - weights: the places of the weights for a foreign program, which finds the parts of a split model here.
    init(
        in directory: borrowing PrivateDirectory, at path: String, owner: UInt32?, weights: WeightPlaces? = nil
    ) throws(EngineStartError) {
        self.path = path
        // What the last engine left may belong to a user that is now nobody.
        do throws(FileFault) { try Folder.removeAll(path) } catch { throw EngineStartError("\(error)") }
        guard mkdir(path, 0o700) == 0 else {
            throw EngineStartError("cannot make the directory \(path): \(Errno(rawValue: errno))")
        }
        if let weights {
            for (index, name) in weights.names.enumerated() {
                guard symlink(weights.link(index), path + "/" + name) == 0 else {
                    throw EngineStartError("cannot write into the directory \(path): \(Errno(rawValue: errno))")
                }
            }
        }
        if let owner, chown(path, owner, owner) != 0 {
            throw EngineStartError("cannot give the directory \(path) to user \(owner): \(Errno(rawValue: errno))")
        }
    }
}
