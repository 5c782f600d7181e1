import CLinux
import FoundationEssentials
import Glibc
import SystemPackage

/// What the launcher is told, as one line of JSON on its standard input.
/// `Resources/launch_engine.py` describes the fields.
struct EngineStartOrder: Codable, Equatable {
    var socket: String
    /// nil: the model is the first descriptor that comes with the order.
    var model: String?
    var alias: String
    var context: Int
    var parallel: Int
    var threads: Int
    var connections: Int
    var embeddings: Bool

    /// A connection holds a thread of the engine while it is open. Threads
    /// that wait cost address space only.
    static let mostConnections = 256

    init(_ configuration: EngineConfiguration) {
        socket = configuration.socketPath
        model = absolutePath(configuration.modelFile)
        alias = configuration.alias
        context = configuration.context
        parallel = configuration.parallel
        // One core is left to the gateway: llama.cpp's threads spin while they
        // wait for each other, and one that lacks a core holds up all. One run
        // each, with other work on two cores: 12 tokens/s with two threads,
        // 44 with one.
        threads = max(1, ProcessInfo.processInfo.activeProcessorCount - 1)
        connections = Self.mostConnections
        embeddings = configuration.embeddings
    }

    /// The line, newline included.
    func line() throws(EngineStartError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
        } catch {
            throw EngineStartError("cannot write the start order: \(error)")
        }
    }
}

/// Our end of a child's standard input. While it is open the child may live;
/// when it closes, by us or by the kernel after our death, the child leaves.
struct Lifeline: ~Copyable {
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
