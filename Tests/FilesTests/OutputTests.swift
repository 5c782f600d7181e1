import Files
import Foundation
import Testing

@Suite struct OutputTests {
    private func write(_ count: Int, to descriptor: Int32, patience: Duration?) -> Int {
        [UInt8](repeating: 0x78, count: count).withUnsafeBytes {
            Output.write($0, to: descriptor, patience: patience)
        }
    }

    @Test(arguments: [0, O_NONBLOCK])
    func aReaderThatHasStoppedIsNotWaitedFor(flags: Int32) {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        _ = fcntl(ends[1], F_SETFL, flags)
        let taken = write(1 << 20, to: ends[1], patience: .milliseconds(30))
        #expect(taken > 0 && taken < 1 << 20)
        #expect(write(1, to: ends[1], patience: .milliseconds(1)) == 0)
    }

    @Test func aReaderThatReadsGetsAllOfIt() async {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (reader, writer) = (ends[0], ends[1])
        let written = Task.detached { () -> Int in
            defer { close(writer) }
            return write(1 << 20, to: writer, patience: nil)
        }
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        var read = 0
        while true {
            let count = Foundation.read(reader, &piece, piece.count)
            guard count > 0 else { break }
            read += count
        }
        close(reader)
        #expect(await written.value == 1 << 20 && read == 1 << 20)
    }

    @Test func aClosedDescriptorTakesNothing() { #expect(write(1, to: 9999, patience: nil) == 0) }
}
