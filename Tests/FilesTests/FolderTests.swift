import Files
import Foundation
import SystemPackage
import Testing

@Suite struct FolderTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    @Test func foldersAreMadeWithThoseAboveThem() throws {
        try Folder.make(scratch.path + "/a/b/c/", mode: 0o700, parents: 0o755)
        #expect(try scratch.mode("a/b/c") == 0o700 && scratch.mode("a/b") == 0o755)
        try Folder.make(scratch.path + "/a/b")
        try Folder.make("/")
        try Folder.make(".")
    }

    @Test func aFileInTheWayIsSaid() throws {
        try scratch.write("", to: "file")
        let path = scratch.path + "/file"
        #expect(throws: FileFault(.create, path, .system(.notDirectory))) { try Folder.make(path) }
        #expect(throws: FileFault(.create, path + "/x", .system(.notDirectory))) { try Folder.make(path + "/x") }
    }

    /// Operators' commands run as root, and the server that reads their files
    /// doesn't.
    @Test("what root makes in another user's folder is that user's", .enabled(if: geteuid() == 0))
    func ownersAreInherited() throws {
        let home = scratch.path + "/home"
        try Folder.make(home)
        chown(home, 65_534, 65_534)
        try Folder.makeForItsUser(home + "/folder")
        try WholeFile.createDurably(home + "/folder/file", with: [])
        try WholeFile.replaceDurably(home + "/replaced", with: [1])
        _ = try FileLock(home + "/lock")
        try WholeFile.createDurably(scratch.path + "/own", with: [])
        func owner(_ name: String) throws -> Int? {
            (try FileManager.default.attributesOfItem(atPath: scratch.path + "/" + name)[.ownerAccountID] as? NSNumber)?
                .intValue
        }
        for name in ["home/folder", "home/folder/file", "home/replaced", "home/lock"] {
            #expect(try owner(name) == 65_534, "\(name)")
        }
        #expect(try owner("own") == 0)
    }

    @Test func entriesAreToldWithTheirKinds() throws {
        try scratch.write("", to: "file")
        mkfifo(scratch.path + "/fifo", 0o600)
        mkdir(scratch.path + "/folder", 0o700)
        symlink("file", scratch.path + "/link")
        let entries = try #require(try Folder.entries(scratch.path)).sorted { $0.name < $1.name }
        #expect(entries.map(\.name) == ["fifo", "file", "folder", "link"])
        #expect(entries.map(\.kind) == [.fifo, .regular, .folder, .link])
        #expect(try Folder.entries(scratch.path + "/none") == nil)
    }

    @Test func aLockIsHeldUntilItEnds() throws {
        let path = scratch.path + "/lock"
        do {
            let lock = try FileLock(path)
            lock.note("1234567890")
            lock.note("42")
            #expect(throws: FileFault(.lock, path, .inUse)) { _ = try FileLock(path) }
            #expect(throws: FileFault(.lock, path, .inUse)) {
                _ = try FileLock(waitingFor: path, within: .milliseconds(30))
            }
            lock.note("42")
        }
        _ = try FileLock(path)
        #expect(try scratch.text("lock") == "42" && scratch.mode("lock") == 0o600)
    }

    @Test func aFIFOIsNoLock() throws {
        mkfifo(scratch.path + "/lock", 0o600)
        #expect(throws: FileFault(.lock, scratch.path + "/lock", .notRegular(.fifo))) {
            _ = try FileLock(scratch.path + "/lock")
        }
    }

    @Test func aFolderIsRemovedWithAllThatIsInItAndNothingBehindALink() throws {
        try Folder.make(scratch.path + "/kept")
        try scratch.write("precious", to: "kept/file")
        let path = scratch.path + "/gone"
        try Folder.make(path + "/a/b/c")
        try scratch.write("x", to: "gone/a/b/file")
        mkfifo(path + "/a/fifo", 0o600)
        symlink("../../kept", path + "/a/link")
        // No name that a text could hold.
        let odd = Array("\(path)/".utf8).map(CChar.init(bitPattern:)) + [CChar(bitPattern: 0xFF), 0]
        #expect(mkdir(odd, 0o700) == 0)
        try Folder.removeAll(path)
        #expect(FileKind.at(path, links: .refused) == nil)
        #expect(try scratch.text("kept/file") == "precious")
        try Folder.removeAll(path)
        symlink("kept", path)
        try Folder.removeAll(path)
        #expect(scratch.names == ["kept"])
        #expect(try scratch.text("kept/file") == "precious")
        try Folder.removeAll(scratch.path + "/kept/file")
        #expect(FileKind.at(scratch.path + "/kept/file") == nil)
    }

    @Test func whatCannotBeRemovedIsSaid() {
        #expect(throws: FileFault.self) { try Folder.removeAll("/proc/self") }
        #expect(FileKind.at("/proc/self") == .folder)
    }

    @Test func pathsStartAtTheRootOrHere() {
        #expect(Folder.absolute("/a/b") == "/a/b")
        #expect(Folder.absolute("a/b") == FileManager.default.currentDirectoryPath + "/a/b")
    }
}
