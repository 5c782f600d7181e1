import ArgumentParser

/// What a command's exit code means, after BSD's sysexits(3), so that a
/// script or a service manager can tell a typing error from a full disk.
enum ExitStatus: Int32 {
    /// It did what it was asked to.
    case ok = 0
    /// The command line is wrong. ArgumentParser uses it too.
    case usage = 64
    /// What was given can't be read.
    case dataError = 65
    /// A file that is needed is not there or cannot be read.
    case noInput = 66
    /// What is needed does not answer: a running Holdfast, an engine.
    case unavailable = 69
    /// It was asked to end, and something hung.
    case hung = 70
    /// A file could not be made.
    case cannotCreate = 73
    /// Reading or writing failed.
    case io = 74
    /// The settings or the key file are wrong.
    case config = 78

    /// What to throw to end with this status, once people have been told why.
    var exit: ExitCode { ExitCode(rawValue) }
}
