import CLinux
import Files
import Glibc
package import SystemPackage

/// Our end of a child's standard input. While it is open the child may live;
/// when it closes, by us or by the kernel after our death, the child leaves.
package struct Lifeline: ~Copyable {
    private let ours: FileDescriptor
    /// The child's end. The process library closes it once the child has it.
    let child: FileDescriptor

    init() throws(EngineStartError) {
        var pair: [Int32] = [-1, -1]
        guard clinux_socket_pair(&pair) == 0 else {
            throw EngineStartError("cannot make a socket pair: \(Errno(rawValue: errno))")
        }
        ours = FileDescriptor(rawValue: pair[0])
        child = FileDescriptor(rawValue: pair[1])
    }

    deinit { try? ours.close() }

    /// The line that the child sends back, without its end.
    ///
    /// Blocks its thread until then, until the child's end is closed, or until
    /// the time is over; in the last two cases it is nil.
    package static func answer(on socket: FileDescriptor, by deadline: ContinuousClock.Instant) -> [UInt8]? {
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while line.count < longestAnswer {
            guard ContinuousClock.now < deadline else { return nil }
            var event = pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)
            let ready = uninterrupted {
                let left = max(.zero, ContinuousClock.now.duration(to: deadline))
                return poll(&event, 1, Int32(clamping: left.components.seconds * 1000 + 1))
            }
            guard ready >= 0 else { return nil }
            guard ready > 0 else { continue }
            let count = uninterrupted { recv(socket.rawValue, &buffer, buffer.count, 0) }
            guard count > 0 else { return nil }
            if let end = buffer[..<count].firstIndex(of: UInt8(ascii: "\n")) { return line + buffer[..<end] }
            line += buffer[..<count]
        }
        return nil
    }

    /// The map of a process's memory is most of it.
    private static let longestAnswer = 16 << 20

    /// Returns another descriptor for this process's end, which is valid for as long as it is used for reading.
    func listening() throws(EngineStartError) -> FileDescriptor {
        do { return try ours.duplicate() } catch {
            throw EngineStartError("cannot listen to the engine's launcher: \(error)")
        }
    }

    /// Sends bytes, and with them descriptors, which stay open on our side.
    ///
    /// Blocks if the child does not read and they don't fit the socket's
    /// buffer (some 200 KB), so keep them small.
    func send(_ bytes: [UInt8], descriptors: [FileDescriptor] = []) throws(EngineStartError) {
        let numbers = descriptors.map(\.rawValue)
        guard clinux_send(ours.rawValue, bytes, bytes.count, numbers, numbers.count) == 0 else {
            throw EngineStartError("the engine did not take its start order: \(Errno(rawValue: errno))")
        }
    }
}
