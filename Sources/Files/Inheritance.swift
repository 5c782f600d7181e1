import Glibc

/// The owner of what root makes in another user's folder: that user.
///
/// Operators run commands as root, and the server runs as a user of its own. A
/// key file or an order that only root can read would change nothing, although
/// the command had said so.
enum Inheritance {
    /// Gives an open file or folder to the owner of the folder that it is in.
    /// Nothing happens unless root runs this, in the folder of another user. A
    /// failure is no error: the file is there, and its reader says what it lacks.
    static func give(_ descriptor: Int32, in folder: String) {
        var facts = stat()
        guard geteuid() == 0, stat(folder, &facts) == 0, facts.st_uid != 0 else { return }
        _ = fchown(descriptor, facts.st_uid, facts.st_gid)
    }
}
