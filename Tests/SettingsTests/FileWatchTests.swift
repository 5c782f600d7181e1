import Files
import FoundationEssentials
import Settings
import Testing

@Suite final class FileWatchTests {
    let path: String

    init() {
        path = FileManager.default.temporaryDirectory.path + "/holdfast-watch-\(UInt64.random(in: 0...UInt64.max))"
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String) throws { try WholeFile.replaceDurably(path, with: Array(text.utf8)) }

    @Test func aChangeIsToldOnceTwoLooksAgree() throws {
        try write("1")
        let first = try #require(try FileStamp.look(at: path))
        try write("22")
        let second = try #require(try FileStamp.look(at: path))
        try write("333")
        let third = try #require(try FileStamp.look(at: path))
        var sight = FileWatch.Sight(told: first)
        let looks: [(FileStamp?, Bool)] = [
            (first, false), (second, false), (third, false), (third, true), (third, false),
            // Gone for one look, as when an editor removes and writes again.
            (nil, false), (third, false), (third, false),
            (nil, false), (nil, true), (nil, false), (first, false), (first, true),
        ]
        for (index, (stamp, told)) in looks.enumerated() {
            #expect(sight.observe(stamp) == told, "look \(index)")
        }
    }

    /// The second look at a change reports it, and comes two intervals after the change at the latest.
    @Test func aChangeIsToldWithinASecond() {
        #expect(FileWatch.usualInterval * 2 == .milliseconds(500))
    }

    @Test func creationReplacementEditAndRemovalAreTold() async throws {
        let watch = FileWatch(path: path, interval: .milliseconds(5))
        var changes = watch.changes().makeAsyncIterator()
        let steps: [() throws -> Void] = [
            { [self] in try write("made") },
            { [self] in try write("replaced") },
            { [self] in try Data("edited in place".utf8).write(to: URL(filePath: path)) },
            { [self] in try FileManager.default.removeItem(atPath: path) },
            { [self] in try write("made anew") },
        ]
        for step in steps {
            try step()
            #expect(await changes.next(isolation: #isolation) != nil)
        }
    }

    @Test func aChangeBeforeTheFirstLookIsNotMissed() async throws {
        try write("old")
        let watch = FileWatch(path: path, interval: .milliseconds(5))
        try write("newer")
        var changes = watch.changes().makeAsyncIterator()
        #expect(await changes.next(isolation: #isolation) != nil)
    }

    @Test func watchingEndsWithItsTask() async throws {
        let watch = FileWatch(path: path, interval: .milliseconds(5))
        let task = Task { for await _ in watch.changes() {} }
        task.cancel()
        await task.value
    }
}
