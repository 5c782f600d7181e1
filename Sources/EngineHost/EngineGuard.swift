import CLinux
import Glibc

/// Runs a foreign engine so that it cannot outlive Holdfast: the hidden command `holdfast engine-guard -- COMMAND…` is
/// this function.
///
/// Standard input has to be one end of a socket pair or pipe, whose other end Holdfast keeps open. At its end of file,
/// the command and every process of its group are killed. If the guard itself is killed, the kernel kills the command,
/// but not the command's own children.
///
/// Call it on the main thread of a process that does nothing else, before other threads start.
///
/// - Returns: the status to exit with: the command's own, 128 plus the signal that ended it, 127 if it could not be
///   run, 64 if there is no command.
/// - Parameter weights: the number of descriptors that come with the first byte.
package func runEngineGuard(_ command: [String], weights: Int = 0) -> Int32 {
    guard !command.isEmpty else { return 64 }
    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
    arguments.append(nil)
    defer { arguments.forEach { free($0) } }
    return clinux_guard(&arguments, weights)
}
