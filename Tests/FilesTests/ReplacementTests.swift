import Files
import Foundation
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
}
