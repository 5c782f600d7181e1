import Files
import Foundation
import SystemPackage
import Testing

@Suite struct ReadingTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func cause(_ path: String, limit: Int = 1 << 20, links: Links = .followed) -> FileFault.Cause? {
        do throws(FileFault) {
            _ = try WholeFile.readAll(path, limit: limit, links: links)
            return nil
        } catch {
            return error.cause
        }
    }

    @Test func whatIsNoRegularFileIsRefusedAtOnce() throws {
        mkfifo(folder.path + "/fifo", 0o600)
        #expect(cause(folder.path + "/fifo") == .notRegular(.fifo))
        // Also with a writer who says nothing.
        let writer = open(folder.path + "/fifo", O_RDWR)
        defer { close(writer) }
        #expect(cause(folder.path + "/fifo") == .notRegular(.fifo))
        #expect(cause("/dev/zero") == .notRegular(.device))
        #expect(cause("/dev/null") == .notRegular(.device))
        #expect(cause(folder.path) == .notRegular(.folder))
        #expect(cause(folder.path + "/none") == .system(.noSuchFileOrDirectory))
        #expect(!WholeFile.isReadable(folder.path + "/fifo"))
    }

    @Test func aFileIsReadUpToItsLimit() throws {
        for count in [0, 1, 4095, 4096, 100_000] {
            try folder.write(String(repeating: "x", count: count), to: "file")
            #expect(try WholeFile.readAll(folder.path + "/file", limit: count).count == count)
            if count > 0 { #expect(cause(folder.path + "/file", limit: count - 1) == .tooLarge(limit: count - 1)) }
        }
    }

    @Test func aSparseTerabyteIsRefusedByItsSize() throws {
        try folder.write("x", to: "sparse")
        #expect(truncate(folder.path + "/sparse", 1 << 40) == 0)
        #expect(cause(folder.path + "/sparse") == .tooLarge(limit: 1 << 20))
    }

    @Test func filesOfTheKernelHaveNoSizeAndAreReadAllTheSame() throws {
        let text = String(
            decoding: try WholeFile.readAll("/proc/self/status", limit: 64 << 10, within: nil), as: UTF8.self)
        #expect(text.hasPrefix("Name:"))
        #expect(cause("/proc/self/status", limit: 10) == .tooLarge(limit: 10))
    }

    @Test func aLinkIsRefusedWhereTheFolderIsOurs() throws {
        try folder.write("secret", to: "real")
        symlink(folder.path + "/real", folder.path + "/link")
        #expect(try WholeFile.readAll(folder.path + "/link", limit: 10) == Array("secret".utf8))
        #expect(cause(folder.path + "/link", links: .refused) == .link)
        #expect(throws: FileFault(.lock, folder.path + "/link", .link)) { _ = try FileLock(folder.path + "/link") }
        #expect(throws: FileFault(.write, folder.path + "/link", .link)) {
            _ = try RegularFile(writing: folder.path + "/link", mode: 0o600, links: .refused)
        }
        #expect(try folder.text("real") == "secret")
    }

    @Test func aPipeIsReadWhereTheShellHandsItOver() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        #expect(write(ends[1], "key", 3) == 3)
        close(ends[1])
        defer { close(ends[0]) }
        let path = "/dev/fd/\(ends[0])"
        #expect(cause(path) == .notRegular(.fifo))
        #expect(try WholeFile.readAllOrPipe(path, limit: 10) == Array("key".utf8))
        mkfifo(folder.path + "/fifo", 0o600)
        #expect(throws: FileFault(.read, folder.path + "/fifo", .notRegular(.fifo))) {
            _ = try WholeFile.readAllOrPipe(folder.path + "/fifo", limit: 10)
        }
    }

    @Test func everyFaultSaysWhatToDo() {
        let words: [(FileFault.Cause, String)] = [
            (.system(.noSuchFileOrDirectory), "cannot read k: No such file or directory"),
            (.system(.noSpace), "cannot read k: No space left on device; make room for it"),
            (.notRegular(.fifo), "cannot read k: it is a FIFO, not a regular file; put the file itself there"),
            (.link, "cannot read k: it is a symbolic link; put the file itself there"),
            (
                .tooLarge(limit: 1 << 20),
                "cannot read k: it is larger than 1 MiB, which is the limit; see whether it is the right file"
            ),
            (
                .slow(.seconds(10)),
                "cannot read k: the storage has not answered for 10 s; see whether its disk or its network mount works"
            ),
            (.inUse, "cannot read k: another process holds its lock; end that process, or wait for it"),
        ]
        for (cause, text) in words { #expect(FileFault(.read, "k", cause).description == text) }
    }
}
