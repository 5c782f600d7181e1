import ArgumentParser

/// The meaning of a command's exit code, after BSD's sysexits(3), so that a script or a service manager can distinguish
/// a typing error from a full disk.
enum ExitStatus: Int32 {
    /// The command has succeeded.
    case ok = 0
    /// The command line is wrong. ArgumentParser uses it too.
    case usage = 64
    /// The input can't be parsed.
    case dataError = 65
    /// A file that is needed is not there or cannot be read.
    case noInput = 66
    /// A required service does not respond: a running Holdfast, or an engine.
    case unavailable = 69
    /// The command was asked to end, but a part of it hung.
    case hung = 70
    /// A file could not be made.
    case cannotCreate = 73
    /// Reading or writing failed.
    case io = 74
    /// The settings or the key file are wrong.
    case config = 78

    /// The error to throw in order to end with this status, after the reason has been printed.
    var exit: ExitCode { ExitCode(rawValue) }
}
