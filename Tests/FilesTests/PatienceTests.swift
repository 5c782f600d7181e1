import Files
import Foundation
import SystemPackage
import Testing

@Suite struct PatienceTests {
    /// A read that comes back when a byte is written into the pipe, as one of
    /// a disk that hangs does when the disk is well again.
    private struct Hanging {
        let path = "/hanging/\(UUID().uuidString)"
        let reader: Int32
        let writer: Int32

        init() {
            var ends: [Int32] = [0, 0]
            #expect(pipe(&ends) == 0)
            (reader, writer) = (ends[0], ends[1])
        }

        func run(within time: Duration) -> Result<Int, FileFault> {
            let reader = reader
            return Result { () throws(FileFault) in
                try Patience.run(.read, path, within: time) { () throws(FileFault) in
                    var byte: UInt8 = 0
                    return read(reader, &byte, 1)
                }
            }
        }

        func recover() { #expect(write(writer, "x", 1) == 1) }
    }

    @Test func theCallerGoesOnWithoutWhatHangs() {
        let hanging = Hanging()
        #expect(
            hanging.run(within: .milliseconds(30)) == .failure(FileFault(.read, hanging.path, .slow(.milliseconds(30))))
        )
        hanging.recover()
    }

    @Test func aPathThatHangsCostsOneThread() {
        let hanging = Hanging()
        _ = hanging.run(within: .milliseconds(30))
        // Not for an hour: the first one has not come back.
        #expect(hanging.run(within: .seconds(3600)) == .failure(FileFault(.read, hanging.path, .slow(.seconds(3600)))))
        hanging.recover()
        // It is taken back by the thread, so wait for that.
        hanging.recover()
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            if case .success(let count) = hanging.run(within: .seconds(60)) {
                #expect(count == 1)
                return
            }
            sched_yield()
        }
        Issue.record("the path stays refused")
    }

    @Test func resultsAndFaultsComeThrough() throws {
        #expect(try Patience.run(.read, "a", within: .seconds(60)) { () throws(FileFault) in 7 } == 7)
        #expect(throws: FileFault(.list, "b", .inUse)) {
            try Patience.run(.read, "b", within: .seconds(60)) { () throws(FileFault) in
                throw FileFault(.list, "b", .inUse)
            }
        }
    }

    @Test func manyAtOnceDoNotMixTheirResults() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    try Patience.run(.read, "\(number)", within: .seconds(60)) { () throws(FileFault) in number }
                        == number
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }
}
