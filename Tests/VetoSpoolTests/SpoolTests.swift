import Files
import Glibc
import Testing
import VetoSpool

@Suite struct SpoolTests {
    private let scratch: Scratch
    private var folder: SpoolFolder { SpoolFolder("\(scratch.path)/veto") }
    private var writer: SpoolWriter { SpoolWriter(folder, patience: .milliseconds(50)) }
    /// Reads as at a time at which all that was written has settled.
    private var reader: SpoolReader { SpoolReader(folder, now: { time(nil) + 60 }) }

    init() throws { scratch = try Scratch() }

    @Test func whatIsWrittenIsReadOnceInItsOrder() throws {
        var mark = SpoolMark()
        #expect(reader.news(since: &mark).files.isEmpty)
        let statement = try writer.addStatement(Array("{\"s\":1}".utf8))
        #expect(try writer.addOrder(count: 2) { _ in Array("{\"o\":1}".utf8) } == 1)
        #expect(try writer.addOrder(count: 1) { first in Array("{\"o\":\(first)}".utf8) } == 3)
        try writer.addRoster(version: 1, Array("{}".utf8))
        try writer.addEntry(Array("{}".utf8))
        let (files, problems) = reader.news(since: &mark)
        #expect(problems.isEmpty)
        #expect(files.map(\.kind) == [.roster, .orders, .orders, .statements, .log])
        #expect(files.map(\.number) == [1, 1, 3, 0, 0])
        #expect(files[3].digest == statement)
        #expect(String(decoding: files[2].bytes, as: UTF8.self) == "{\"o\":3}")
        #expect(reader.news(since: &mark).files.isEmpty)
        try writer.addStatement(Array("{\"s\":2}".utf8))
        #expect(reader.news(since: &mark).files.count == 1)
        #expect(reader.news(since: &mark).files.isEmpty)
    }

    @Test("files that are gone are noticed", arguments: ["a file", "its folder", "the spool"])
    func losses(_ what: String) throws {
        var mark = SpoolMark()
        let digest = try writer.addStatement(Array("{\"s\":1}".utf8))
        try writer.addOrder(count: 1) { _ in Array("{}".utf8) }
        _ = reader.news(since: &mark)
        #expect(!mark.hasLost)
        switch what {
        case "a file": #expect(unlink("\(folder.path)/statements/\(digest).json") == 0)
        case "its folder": try Folder.removeAll("\(folder.path)/statements")
        default: try Folder.removeAll(folder.path)
        }
        _ = reader.news(since: &mark)
        #expect(mark.hasLost)
        mark.forgetLoss()
        _ = reader.news(since: &mark)
        #expect(!mark.hasLost)
        // What comes back is news.
        try writer.addStatement(Array("{\"s\":1}".utf8))
        #expect(reader.news(since: &mark).files.map(\.digest) == [digest] && !mark.hasLost)
    }

    @Test func aCounterThatIsLostGoesOnBehindWhatIsKnown() throws {
        try writer.addOrder(count: 3) { _ in Array("{}".utf8) }
        #expect(unlink("\(folder.path)/next") == 0)
        try writer.restoreCounter(least: 4)
        #expect(try writer.takeNumbers(1) == 4)
        // One that is there stays.
        try writer.restoreCounter(least: 900)
        #expect(try writer.addOrder(count: 1) { _ in Array("{\"o\":2}".utf8) } == 5)
        // An order that nobody has looked at may have as many as there can be.
        #expect(unlink("\(folder.path)/next") == 0)
        try writer.restoreCounter(least: 4)
        #expect(try writer.takeNumbers(1) == 5 + SpoolFolder.mostOfOneOrder)
    }

    @Test func theServersKeyIsMadeOnceBesideTheSpool() throws {
        #expect(try SpoolKey.load(folder) == nil)
        let key = try SpoolKey.loadOrMake(folder)
        let (again, read) = (try SpoolKey.loadOrMake(folder), try SpoolKey.load(folder))
        #expect(key.secret.count == 32 && again == key && read == key)
        var facts = stat()
        #expect(stat(folder.keyPath, &facts) == 0 && facts.st_mode & 0o777 == 0o600)
        // It outlives the spool, and a damaged one is told.
        try writer.prepare()
        try Folder.removeAll(folder.path)
        #expect(try SpoolKey.load(folder) == key)
        try WholeFile.writeDurably(folder.keyPath, with: Array("nonsense\n".utf8))
        #expect(throws: SpoolFault.badKey(folder.keyPath)) { try SpoolKey.loadOrMake(folder) }
    }

    @Test func aFileThatComesInTheMomentOfAListingIsNotMissed() throws {
        try writer.prepare()
        var mark = SpoolMark()
        // The clock of the files: every listing is a moment after the last change.
        let reader = SpoolReader(folder, now: { time(nil) })
        for number in 1...50 {
            _ = reader.news(since: &mark)
            try writer.addStatement(Array("{\"n\":\(number)}".utf8))
            #expect(reader.news(since: &mark).files.count == 1)
        }
    }

    @Test(arguments: ["link", "folder", "fifo", "long", "renamed"])
    func aDamagedFileIsToldOnceAndHidesNoOther(_ damage: String) throws {
        let digest = try writer.addStatement(Array("{\"s\":1}".utf8))
        try writer.addOrder(count: 1) { _ in Array("{}".utf8) }
        let order = "\(folder.path)/orders/000001.json"
        let statement = "\(folder.path)/statements/\(digest).json"
        switch damage {
        case "link":
            unlink(order)
            symlink(statement, order)
        case "folder":
            unlink(order)
            mkdir(order, 0o700)
        case "fifo":
            unlink(order)
            mkfifo(order, 0o600)
        case "long":
            try WholeFile.replaceDurably(
                order, with: Array(repeating: 0x20, count: SpoolFolder.Kind.orders.longestFile + 1))
        default: try WholeFile.replaceDurably(statement, with: Array("{\"s\":2}".utf8))
        }
        var mark = SpoolMark()
        let first = reader.news(since: &mark)
        #expect(first.files.map(\.kind) == (damage == "renamed" ? [.orders] : [.statements]))
        #expect(first.problems.count == 1)
        let second = reader.news(since: &mark)
        #expect(second.files.isEmpty && second.problems.isEmpty)
        // Mended, it is read.
        if damage == "renamed" {
            try writer.addStatement(Array("{\"s\":1}".utf8))
        } else {
            try Folder.removeAll(order)
            try WholeFile.createDurably(order, with: Array("{}".utf8))
        }
        #expect(reader.news(since: &mark).files.map(\.kind) == (damage == "renamed" ? [.statements] : [.orders]))
    }

    @Test func foreignNamesAreToldAndHalfWrittenFilesAreNot() throws {
        try writer.prepare()
        for name in ["000001.json.12.34.new", ".000002.json.swp"] {
            try WholeFile.createDurably("\(folder.path)/orders/\(name)", with: [])
        }
        var mark = SpoolMark()
        #expect(reader.news(since: &mark).problems.isEmpty)
        for name in ["1.json", "0000001.json", "000000.json", "00001x.json", "note.txt"] {
            try WholeFile.createDurably("\(folder.path)/orders/\(name)", with: [])
        }
        let (files, problems) = reader.news(since: &mark)
        #expect(files.isEmpty && problems.count == 1)
    }

    @Test func aSpoolThatIsALinkIsNotFollowed() throws {
        try writer.addStatement(Array("{}".utf8))
        let link = SpoolFolder("\(scratch.path)/link")
        symlink(folder.path, link.path)
        var mark = SpoolMark()
        let (files, problems) = SpoolReader(link).news(since: &mark)
        #expect(files.isEmpty && problems.count == 1)
    }

    @Test(arguments: ["", "x\n", "-4\n", "99999999999999999999\n"])
    func aDamagedCounterStopsNoOrderAndNoNumberComesTwice(_ counter: String) throws {
        let first = try writer.addOrder(count: 3) { _ in Array("{}".utf8) }
        try WholeFile.replaceDurably("\(folder.path)/next", with: Array(counter.utf8))
        let second = try writer.addOrder(count: 1) { _ in Array("{}".utf8) }
        #expect(second > first + 2)
        unlink("\(folder.path)/next")
        #expect(try writer.addOrder(count: 1) { _ in Array("{}".utf8) } > second)
    }

    @Test func numbersThatTheServerKnowsAreNotGivenAgain() throws {
        #expect(try writer.takeNumbers(2, least: 40) == 40)
        #expect(try writer.addOrder(count: 1) { _ in Array("{}".utf8) } == 42)
        #expect(throws: SpoolFault.badCount(0)) { try writer.takeNumbers(0) }
        #expect(throws: SpoolFault.noNumbersLeft) {
            try writer.takeNumbers(1, least: SpoolFolder.greatestNumber)
        }
    }

    @Test func anotherWriterIsWaitedForAndNotForever() throws {
        try writer.prepare()
        let lock = try FileLock(folder.lockPath)
        #expect(throws: SpoolFault.file(FileFault(.lock, folder.lockPath, .inUse))) {
            try writer.addStatement(Array("{}".utf8))
        }
        _ = consume lock
        try writer.addStatement(Array("{}".utf8))
    }

    @Test func writersAtOnceGiveEveryOrderItsOwnNumbers() async throws {
        let writer = SpoolWriter(folder)
        let numbers = try await withThrowingTaskGroup(of: [Int].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    try (0..<8).map { _ in try writer.addOrder(count: 2) { _ in Array("{}".utf8) } }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(numbers.sorted() == (0..<32).map { 1 + 2 * $0 })
    }

    @Test func aVersionOfTheRosterIsWrittenOnce() throws {
        try writer.addRoster(version: 1, Array("{}".utf8))
        try writer.addRoster(version: 1, Array("{}".utf8))
        #expect(throws: SpoolFault.taken("\(folder.path)/roster/0001.json")) {
            try writer.addRoster(version: 1, Array("{ }".utf8))
        }
    }

    @Test func onlyThisUserCanReadIt() throws {
        try writer.addStatement(Array("{}".utf8))
        var facts = stat()
        #expect(stat(folder.path, &facts) == 0 && facts.st_mode & 0o777 == 0o700)
        #expect(stat("\(folder.path)/statements", &facts) == 0 && facts.st_mode & 0o777 == 0o700)
    }

    @Test func whatWasLostIsWrittenAgain() throws {
        try writer.addOrder(count: 1) { _ in Array("{\"o\":1}".utf8) }
        try writer.addStatement(Array("{\"s\":1}".utf8))
        try writer.addRoster(version: 2, Array("{\"r\":2}".utf8))
        var mark = SpoolMark()
        let files = reader.news(since: &mark).files
        try Folder.removeAll(folder.path)
        for file in files + files { try writer.restore(file) }
        var fresh = SpoolMark()
        #expect(reader.news(since: &fresh).files == files)
    }
}

/// A folder that is removed with this value.
private final class Scratch: Sendable {
    let path: String

    init() throws {
        var name = Array("/tmp/holdfast-spool-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { throw FileFault(.create, "/tmp") }
        path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? Folder.removeAll(path) }
}
