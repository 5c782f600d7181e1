import Files
import Foundation
import Glibc
import SystemPackage
import Testing

@Suite struct ReplacementTests {
    private let old = Array("the old keys".utf8)
    private let new = Array("all of the new keys".utf8)

    /// A power failure after every call leaves the old content or the new, and the new one once the call has returned.
    @Test func aCrashAtAnyMomentLeavesTheOldOrTheNew() throws {
        for calls in 0...6 {
            let files = ForgetfulFiles(["folder/keys": old], budget: calls)
            let result = Result { () throws(FileFault) in
                try Replacement(files).replace("folder/keys", with: new, mode: 0o600)
            }
            let remains = files.remains(of: "folder/keys")
            #expect(remains.isSubset(of: [old, new]), "after \(calls) calls: \(remains)")
            if case .success = result { #expect(remains == [new]) }
        }
    }

    @Test func aCallThatFailsLeavesTheOldFileAndNoOther() throws {
        for calls in 0..<4 {
            let files = ForgetfulFiles(["folder/keys": old], budget: calls)
            #expect(throws: FileFault(.write, "folder/keys", .system(.noSpace))) {
                try Replacement(files).replace("folder/keys", with: new, mode: 0o600)
            }
            #expect(files.visible == ["folder/keys": old], "after \(calls) calls")
            #expect(files.open == 0)
        }
    }

    @Test func aFileThatIsThereIsNotMadeAgain() throws {
        let files = ForgetfulFiles(["folder/key": old])
        #expect(throws: FileFault(.write, "folder/key", .system(.fileExists))) {
            try Replacement(files).create("folder/key", with: new, mode: 0o600)
        }
        #expect(files.visible == ["folder/key": old])
        let empty = ForgetfulFiles([:])
        try Replacement(empty).create("folder/key", with: new, mode: 0o600)
        #expect(empty.visible == ["folder/key": new] && empty.remains(of: "folder/key") == [new])
    }

    @Test func theKernelDoesTheSame() throws {
        let folder = try ScratchFolder()
        try WholeFile.replaceDurably(folder.path + "/a", with: old, mode: 0o640)
        #expect(try folder.text("a") == "the old keys" && folder.mode("a") == 0o640)
        try WholeFile.replaceDurably(folder.path + "/a", with: new)
        #expect(try folder.text("a") == "all of the new keys" && folder.mode("a") == 0o600)
        #expect(throws: FileFault(.write, folder.path + "/a", .system(.fileExists))) {
            try WholeFile.createDurably(folder.path + "/a", with: old)
        }
        try WholeFile.createDurably(folder.path + "/b", with: old)
        #expect(folder.names == ["a", "b"])
    }

    @Test func aLinkIsFollowedOrReplaced() throws {
        let folder = try ScratchFolder()
        try folder.write("outside", to: "real")
        for name in ["link", "own"] {
            try FileManager.default.createSymbolicLink(
                atPath: folder.path + "/" + name, withDestinationPath: folder.path + "/real")
        }
        try WholeFile.replaceDurably(folder.path + "/own", with: new, links: .refused)
        #expect(try folder.text("real") == "outside" && folder.text("own") == "all of the new keys")
        try WholeFile.replaceDurably(folder.path + "/link", with: old)
        #expect(try folder.text("real") == "the old keys")
    }

    @Test func aFileForAPersonHasTheUmasksModeAndKeepsItsOwn() throws {
        let folder = try ScratchFolder()
        let mask = umask(0)
        umask(mask)
        try WholeFile.writeDurably(folder.path + "/report", with: old)
        #expect(try folder.text("report") == "the old keys" && folder.mode("report") == Int(0o666 & ~mask))
        #expect(chmod(folder.path + "/report", 0o604) == 0)
        #expect(symlink("report", folder.path + "/link") == 0)
        try WholeFile.writeDurably(folder.path + "/link", with: new)
        #expect(try folder.text("report") == "all of the new keys" && folder.mode("report") == 0o604)
        #expect(FileKind.at(folder.path + "/link", links: .refused) == .link)
        #expect(folder.names == ["link", "report"])
    }

    @Test(
        "what is no file is never replaced, nor what a link to it leads to",
        arguments: [
            "fifo", "folder", "device", "socket",
        ])
    func others(kind: String) throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/there"
        let expected: FileKind
        switch kind {
        case "fifo":
            mkfifo(path, 0o600)
            expected = .fifo
        case "folder":
            mkdir(path, 0o700)
            expected = .folder
        case "device":
            symlink("/dev/null", path)
            expected = .device
        default:
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let length = socklen_t(MemoryLayout<sockaddr_un>.size)
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
            }
            try #require(bound == 0)
            expected = .socket
        }
        #expect(FileKind.at(path) == expected)
        let fault = FileFault(.write, path, .notRegular(expected))
        if kind == "device" {
            try WholeFile.writeDurably(path, with: new)
        } else {
            // Of a FIFO: nobody reads it.
            #expect(throws: fault) { try WholeFile.writeDurably(path, with: new) }
        }
        #expect(throws: fault) { try WholeFile.replaceDurably(path, with: new) }
        #expect(FileKind.at(path) == expected && folder.names == ["there"])
    }

    @Test func aPipeThatIsReadGetsTheBytes() throws {
        let folder = try ScratchFolder()
        let path = folder.path + "/pipe"
        mkfifo(path, 0o600)
        let reader = open(path, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        try WholeFile.writeDurably(path, with: new)
        var bytes = [UInt8](repeating: 0, count: 100)
        #expect(read(reader, &bytes, bytes.count) == new.count && Array(bytes.prefix(new.count)) == new)
        #expect(FileKind.at(path) == .fifo && folder.names == ["pipe"])
    }
}
