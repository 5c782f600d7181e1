import CLinux
import FoundationEssentials

/// The launcher's orders, as one line of JSON on its standard input. `Resources/launch_engine.py` describes the fields.
package struct EngineStartOrder: Codable, Equatable {
    /// The folder in which the engine makes its socket; it is the engine's working directory.
    package var folder: String
    /// The socket's name there.
    var socket: String
    /// Names that a split model's files get; empty for one file.
    var files: [String]
    /// The number that the first of them gets.
    var first: Int32
    /// The id of the user as which the engine runs; nil if it can't change its user.
    var user: UInt32?
    /// The seccomp program, in hex.
    var filter: String
    var alias: String
    var context: Int
    var parallel: Int
    var threads: Int
    var connections: Int
    var embeddings: Bool

    /// A connection holds a thread of the engine while it is open. Threads
    /// that wait cost address space only.
    static let mostConnections = 256

    package init(_ configuration: EngineConfiguration, weights: WeightPlaces, user: UInt32?) {
        folder = configuration.socketFolder
        socket = EngineConfiguration.socketName
        files = weights.names
        first = WeightPlaces.first
        self.user = user
        filter = Self.filter
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

    private static var filter: String {
        let program = [UInt8](unsafeUninitializedCapacity: 8192) { buffer, count in
            count = clinux_engine_filter(1, buffer.baseAddress, buffer.count)
        }
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: program.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The line, newline included.
    package func line() throws(EngineStartError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
        } catch {
            throw EngineStartError("cannot write the start order: \(error)")
        }
    }
}
