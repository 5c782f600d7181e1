import Custody
import EngineHost
import FoundationEssentials
import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// Tests that no data is sent to a process that listens in an engine's place.
@Suite(.timeLimit(.minutes(10))) struct EnginePeerTests {
    /// - Returns: true if the supervisor allows a request on a new connection to its socket.
    private func isAdmitted(_ supervisor: EngineProcess) async throws -> Bool {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(unixDomainSocketPath: supervisor.socketPath).get()
        do {
            try await supervisor.admitPeer(of: channel).get()
            try await channel.close()
            return true
        } catch is NotTheEngine {
            try await channel.closeFuture.get()
            return false
        }
    }

    /// Listens where an engine does, as anybody of its user can. Takes the place
    /// in one step: a look at the engine's health that found nobody there would
    /// end the engine first.
    private func listen(at place: String) throws -> Int32 {
        let path = place + "2"
        unlink(path)
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && Glibc.listen(listener, 8) == 0 && rename(path, place) == 0)
        return listener
    }

    @Test func theEngineIsAskedAndAnImpostorIsNot() async throws {
        let events = Mutex<[CustodyEvent]>([])
        let log = LogLines()
        try await withSupervisor(of: .healthy, log: log, told: { event in events.withLock { $0.append(event) } }) {
            supervisor in
            try await eventually("it is ready") { if case .ready = supervisor.state { true } else { false } }
            #expect(try await isAdmitted(supervisor))

            // Before: the supervisor's own look at its health meets the impostor, too.
            let (engine, receipt) = (supervisor.status.processID.map(Int.init), supervisor.receipt?.id)
            let impostor = try listen(at: supervisor.socketPath)
            defer { close(impostor) }
            for _ in 0..<3 { #expect(try await !isAdmitted(supervisor)) }
            // What came over its connections: nothing.
            for _ in 0..<3 {
                let connection = accept(impostor, nil, nil)
                var byte: UInt8 = 0
                #expect(recv(connection, &byte, 1, 0) == 0)
                close(connection)
            }
            let told = events.withLock { events in
                events.compactMap { if case .impostor(let impostor) = $0 { impostor } else { nil } }
            }
            #expect(told.count == 1, "told once, not for every connection")
            #expect(told.first?.found == Int(getpid()))
            #expect(told.first?.engine == engine)
            #expect(told.first?.receipt == receipt)
        }
        #expect(log.lines.count { $0.contains("IN THE ENGINE'S PLACE") } == 1)
    }

    @Test func whereNoEngineRunsNobodyIsAsked() async throws {
        try await withScratchDirectory { directory in
            let supervisor = EngineProcess(
                EngineConfiguration(
                    provider: "here", launcher: .python(interpreter: "/nowhere/python"),
                    modelFile: "/nowhere/model.gguf", alias: "fake", runDirectory: directory),
                load: { _ throws(CustodyProblem) in try sealedWords() }, logger: LogLines().logger)
            let folder = supervisor.socketPath.replacing("/engine.sock", with: "")
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let impostor = try listen(at: supervisor.socketPath)
            defer { close(impostor) }
            #expect(try await !isAdmitted(supervisor))
        }
    }

    // MARK: Who belongs to an engine

    private static func process(_ number: Int32, _ parent: Int32, _ began: UInt64) -> ProcessIdentity {
        let between = String(repeating: " 0", count: 17)
        return ProcessIdentity(number, stat: "\(number) (x) S \(parent)\(between) \(began)")!
    }

    @Test func whoIsBelowTheEngineBelongsToIt() {
        let root = Self.process(10, 1, 100)
        let all = [
            root, Self.process(11, 10, 110), Self.process(12, 11, 120), Self.process(20, 1, 130),
            Self.process(21, 20, 140),
            // Their parents' numbers were given anew.
            Self.process(30, 10, 90), Self.process(31, 12, 115),
            Self.process(40, 41, 150), Self.process(41, 40, 150),
        ]
        let look: (Int32) -> ProcessIdentity? = { number in all.first { $0.number == number } }
        for number in [10, 11, 12] as [Int32] { #expect(EngineFamily.has(number, below: root, look), "\(number)") }
        for number in [0, -1, 1, 20, 21, 30, 31, 40, 99] as [Int32] {
            #expect(!EngineFamily.has(number, below: root, look), "\(number)")
        }
    }

    @Test func aNumberThatWasGivenToAnotherIsNotTheEngine() {
        let before = Self.process(10, 1, 100)
        let after = Self.process(10, 1, 500)
        #expect(!EngineFamily.has(10, below: before) { $0 == 10 ? after : nil })
        #expect(!EngineFamily.has(10, below: before) { _ in nil })
    }

    @Test(arguments: ["7 (a) b) 0 1) S 3 4", "7 (x S 3", "", "7 (x) S"])
    func whatIsNoStatusIsNobody(_ stat: String) { #expect(ProcessIdentity(7, stat: stat) == nil) }

    @Test func aNameMaySayAnything() {
        let fields = (0..<30).map(String.init).joined(separator: " ")
        let one = ProcessIdentity(7, stat: "7 (a) R 9 9 (\u{1B}) S 3 \(fields)")
        #expect(one?.parent == 3 && one?.began == 17 && one?.name == "a) R 9 9 (\u{1B}")
        #expect(ProcessIdentity(getpid())?.parent == getppid())
    }
}
