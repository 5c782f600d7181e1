import AdminAPI
import Files
import Glibc
import HoldfastCLI
import HoldfastServer
import Testing

/// The search of commands for a running Holdfast.
@Suite struct ServerSearchTests {
    private let scratch: ScratchFolder
    private var search: ServerSearch

    init() throws {
        scratch = try ScratchFolder()
        search = ServerSearch(run: nil, config: nil, environment: [:])
        search.systemFolder = scratch.path + "/system"
        search.usualSettings = scratch.path + "/here/holdfast.yaml"
        try Folder.make(scratch.path + "/here")
    }

    private func leave(_ view: EffectiveView, in folder: String) throws {
        try scratch.write(String(decoding: try AdminJSON.encode(view), as: UTF8.self), to: folder + "/effective.json")
    }

    private var usualFolder: String { scratch.path + "/here/.holdfast/run" }

    // MARK: Where

    @Test func theUsualPlacesAreTheSystemsAndTheOneBesideTheSettings() {
        #expect(search.folders.map(\.path) == [scratch.path + "/system", usualFolder])
        let plain = ServerSearch(run: nil, config: nil, environment: [:])
        #expect(plain.folders.map(\.path) == ["/run/holdfast", Folder.absolute(".holdfast/run")])
    }

    @Test func whatIsNamedGoesBeforeWhatIsSet() {
        var search = search
        search.environment = ["HOLDFAST_RUN": "/var/run/one"]
        #expect(search.folders.map(\.path) == ["/var/run/one"])
        search.config = scratch.path + "/here/other.yaml"
        #expect(search.folders.map(\.path) == [usualFolder])
        search.run = "/somewhere"
        #expect(search.folders.map(\.path) == ["/somewhere"])
    }

    @Test("a variable that is empty is not set") func emptyVariable() {
        var search = search
        search.environment = ["HOLDFAST_RUN": ""]
        #expect(search.folders.map(\.path) == [scratch.path + "/system", usualFolder])
    }

    @Test func aRelativeFolderStartsHere() {
        let search = ServerSearch(run: "some/run", config: nil, environment: [:])
        #expect(search.folders.map(\.path) == [Folder.absolute("some/run")])
    }

    // MARK: Who

    @Test func nobodyIsNobody() throws {
        let result = search.look()
        #expect(result.found == nil && result.objections.isEmpty)
        // A folder alone is no trace.
        try Folder.make(scratch.path + "/system")
        #expect(search.look().found == nil && search.look().objections.isEmpty)
    }

    @Test func oneThatRunsIsFound() throws {
        let lock = try FakeHoldfast.claim(scratch.path + "/system")
        try leave(FakeHoldfast.view(), in: "system")
        let found = try #require(search.look().found)
        #expect(found.isAlive && found.folder.path == scratch.path + "/system")
        #expect(found.effective == FakeHoldfast.view())
        lock.note("")
    }

    @Test("one that was killed leaves its file, and is known to be dead") func dead() throws {
        do {
            let lock = try FakeHoldfast.claim(scratch.path + "/system")
            try leave(FakeHoldfast.view(), in: "system")
            lock.note(String(FakeHoldfast.process))
        }
        let found = try #require(search.look().found)
        #expect(!found.isAlive)
    }

    @Test("the file of a process before the one that has the folder now") func former() throws {
        let lock = try FakeHoldfast.claim(scratch.path + "/system", process: 77)
        try leave(FakeHoldfast.view(process: 76), in: "system")
        #expect(try #require(search.look().found).isAlive == false)
        lock.note("76")
        #expect(try #require(search.look().found).isAlive)
    }

    @Test("one that lives goes before one that is dead") func living() throws {
        try leave(FakeHoldfast.view(settings: "/dead.yaml"), in: "system")
        let lock = try FakeHoldfast.claim(usualFolder)
        try leave(FakeHoldfast.view(settings: "/alive.yaml"), in: "here/.holdfast/run")
        let found = try #require(search.look().found)
        #expect(found.isAlive && found.effective.settings == "/alive.yaml")
        lock.note("")
        // Of two that are dead the likelier one is told of.
        #expect(try #require(search.look().found).effective.settings == "/dead.yaml")
    }

    // MARK: What can't be read

    @Test(
        "a trace that can't be read is told, with its reason",
        arguments: [
            "malformed", "not ours", "empty", "fifo", "folder", "link", "endless",
        ])
    func unreadable(kind: String) async throws {
        let file = scratch.path + "/system/effective.json"
        try Folder.make(scratch.path + "/system")
        let reason: String
        switch kind {
        case "malformed":
            try scratch.write("{\"pid\": 1,", to: "system/effective.json")
            reason = "is none of Holdfast's"
        case "not ours":
            try scratch.write("{\"pid\": \"one\"}", to: "system/effective.json")
            reason = "is none of Holdfast's: "
        case "empty":
            try scratch.write("", to: "system/effective.json")
            reason = "is none of Holdfast's"
        case "fifo":
            mkfifo(file, 0o600)
            reason = "it is a FIFO, not a regular file"
        case "folder":
            mkdir(file, 0o700)
            reason = "it is a folder, not a regular file"
        case "link":
            try scratch.write(
                String(decoding: try AdminJSON.encode(FakeHoldfast.view()), as: UTF8.self), to: "elsewhere")
            symlink(scratch.path + "/elsewhere", file)
            reason = "it is a symbolic link"
        default:
            try scratch.write("", to: "system/effective.json")
            truncate(file, 40 << 30)
            reason = "which is the limit"
        }
        let result = search.look()
        #expect(result.found == nil)
        #expect(result.objections.count == 1 && result.objections[0].contains(reason), "\(result.objections)")
        #expect(result.objections[0].contains(file))
        let done = await run("status", "--run", scratch.path + "/system")
        #expect(done.code == 69 && done.output.isEmpty)
        #expect(done.remarks.contains(reason) && done.remarks.contains("can be found in \(scratch.path)/system"))
        // It hides nobody else.
        let lock = try FakeHoldfast.claim(usualFolder)
        try leave(FakeHoldfast.view(), in: "here/.holdfast/run")
        #expect(try #require(search.look().found).isAlive)
        lock.note("")
    }

    @Test("another user's run folder", .enabled(if: geteuid() != 0, "root reads everything")) func others() throws {
        try leave(FakeHoldfast.view(), in: "system")
        chmod(scratch.path + "/system", 0)
        defer { chmod(scratch.path + "/system", 0o700) }
        let result = search.look()
        #expect(result.found == nil && result.objections.first?.contains("Permission denied") == true)
    }

    @Test("a member that this version doesn't know is passed over, and one that is missing is named") func versions()
        throws
    {
        let text = String(decoding: try AdminJSON.encode(FakeHoldfast.view()), as: UTF8.self)
        try scratch.write(
            text.replacing("{\"admin\"", with: "{\"a_later_member\":[],\"admin\""), to: "system/effective.json")
        #expect(search.look().found?.effective == FakeHoldfast.view())
        try scratch.write(text.replacing("\"listen\"", with: "\"hears\""), to: "system/effective.json")
        let objections = search.look().objections
        #expect(objections.count == 1 && objections[0].contains("listen"), "\(objections)")
    }

    // MARK: What commands say

    @Test func noneRuns() async throws {
        let done = await run("models", environment: ["HOLDFAST_RUN": scratch.path + "/system"])
        #expect(done.code == 69 && done.output.isEmpty)
        #expect(done.remarks.contains("no Holdfast runs in \(scratch.path)/system. Start one: holdfast serve"))
    }

    @Test func oneThatIsDeadIsSaidToBe() async throws {
        try leave(FakeHoldfast.view(settings: "/its/settings.yaml"), in: "system")
        let done = await run("status", environment: ["HOLDFAST_RUN": scratch.path + "/system"])
        #expect(done.code == 69)
        #expect(done.remarks.contains("no longer runs (it was process \(FakeHoldfast.process))"))
        #expect(done.remarks.contains("holdfast serve --config /its/settings.yaml"))
    }

    @Test("settings that were named and aren't there") func missingSettings() async {
        let done = await run("status", "--config", scratch.path + "/none.yaml")
        #expect(done.code == 66 && done.remarks.contains("cannot read \(scratch.path)/none.yaml"))
    }

    @Test("settings without a listener for administrators") func noAdmin() async throws {
        let file = try scratch.write("listen: 127.0.0.1:1\n", to: "plain.yaml")
        let done = await run("status", "--config", file)
        #expect(done.code == 78 && done.remarks.contains("add it"), "\(done)")
        let lock = try FakeHoldfast.claim(scratch.path + "/system")
        try leave(FakeHoldfast.view(admin: nil), in: "system")
        let found = await run("status", "--run", scratch.path + "/system")
        #expect(found.code == 78 && found.remarks.contains("/etc/holdfast/holdfast.yaml: commands talk"))
        lock.note("")
    }

    @Test("a token that isn't there, or is none", arguments: [nil, "", "fifo"] as [String?])
    func token(kind: String?) async throws {
        let lock = try FakeHoldfast.claim(scratch.path + "/system")
        try leave(FakeHoldfast.view(), in: "system")
        if kind == "fifo" {
            mkfifo(scratch.path + "/system/admin-token", 0o600)
        } else if let kind {
            try scratch.write(kind, to: "system/admin-token")
        }
        let done = await run("status", "--run", scratch.path + "/system")
        let reason = kind == nil ? "No such file" : kind == "fifo" ? "it is a FIFO" : "is empty"
        #expect(done.code == 69 && done.remarks.contains(reason), "\(done)")
        #expect(done.remarks.contains("\(scratch.path)/system/admin-token"))
        lock.note("")
    }
}
