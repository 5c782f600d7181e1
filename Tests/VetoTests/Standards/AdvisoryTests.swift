import NIOCore
import Testing
import Veto

@Suite struct AdvisoryTests {
    private func advisories(_ text: String) throws(Advisories.Problem) -> Advisories {
        try Advisories(ByteBuffer(string: text))
    }

    private func entry(_ affected: String, more: String = "") -> String {
        #"{"id": "X-1", "modified": "2026-01-01T00:00:00Z"\#(more), "affected": [\#(affected)]}"#
    }

    private func affected(_ name: String, _ rest: String = "", ecosystem: String = "PyPI") -> String {
        #"{"package": {"ecosystem": "\#(ecosystem)", "name": "\#(name)"}\#(rest)}"#
    }

    private func range(_ events: String, type: String = "ECOSYSTEM") -> String {
        #", "ranges": [{"type": "\#(type)", "events": [\#(events)]}]"#
    }

    private let engine = AdvisoryPackage(ecosystem: "PyPI", name: "xllamacpp", version: "2026.10.2")

    @Test(arguments: [
        "", "[", "1", "[1]", "[{}]", #"[{"id": ""}]"#, #"[{"id": "a"}]"#, #"[{"id": "a", "modified": "m"}]"#,
        #"{"vulns": 1}"#, #"[{"id": "a", "modified": "m", "affected": [{}]}]"#,
        #"[{"id": "a", "modified": "m", "affected": [{"package": {"name": "x"}}]}]"#,
        #"[{"id": "a", "modified": "m", "affected": [{"package": {"ecosystem": "e", "name": "x"}, "versions": 1}]}]"#,
        #"[{"id": "a", "modified": "m", "affected": [{"package": {"ecosystem": "e", "name": "x"}, "ranges": [{"type": "WHAT", "events": []}]}]}]"#,
        #"[{"id": "a", "modified": "m", "affected": [{"package": {"ecosystem": "e", "name": "x"}, "ranges": [{"type": "SEMVER", "events": [{"mended": "1"}]}]}]}]"#,
    ])
    func aFileThatIsNoListOfAdvisoriesIsRefused(_ text: String) {
        #expect(throws: Advisories.Problem.self) { try advisories(text) }
    }

    @Test func theThreeFormsOfAFileAreRead() throws {
        let one = entry(affected("xllamacpp"))
        for text in [one, "[\(one)]", #"{"vulns": [\#(one)]}"#] {
            #expect(try advisories(text).match([engine]) == .open(id: "X-1", package: engine.text))
        }
        for text in ["[]", "{}", #"{"vulns": []}"#] { #expect(try advisories(text).match([engine]) == .none) }
    }

    @Test func aWithdrawnEntryIsNotOpen() throws {
        let text = entry(affected("xllamacpp"), more: #", "withdrawn": "2026-02-01T00:00:00Z""#)
        #expect(try advisories(text).match([engine]) == .none)
        #expect(try advisories(text).count == 0)
    }

    @Test(arguments: [
        (#"{"introduced": "0"}, {"fixed": "2026.10.3"}"#, true),
        (#"{"introduced": "0"}, {"fixed": "2026.10.2"}"#, false),
        (#"{"introduced": "0"}"#, true), (#"{"introduced": "2026.10.3"}"#, false),
        (#"{"introduced": "2026.10.2"}"#, true), (#"{"introduced": "0"}, {"last_affected": "2026.10.2"}"#, true),
        (#"{"introduced": "0"}, {"last_affected": "2026.10.1"}"#, false),
        (#"{"introduced": "0"}, {"fixed": "2025.1"}, {"introduced": "2026.10.1"}, {"fixed": "2026.11"}"#, true),
        (#"{"fixed": "2026.11"}, {"introduced": "2026.10.1"}"#, true),
    ])
    func aRangeIsReadAsOSVSays(_ events: String, _ isOpen: Bool) throws {
        let match = try advisories(entry(affected("xllamacpp", range(events)))).match([engine])
        #expect(match == (isOpen ? .open(id: "X-1", package: engine.text) : .none))
    }

    @Test func whatCannotBeComparedIsUnclear() throws {
        let commits = entry(affected("xllamacpp", range(#"{"introduced": "0"}"#, type: "GIT")))
        let unclear = Advisories.Match.unclear(id: "X-1", package: engine.text)
        #expect(try advisories(commits).match([engine]) == unclear)
        let strange = entry(affected("xllamacpp", range(#"{"introduced": "epoch-of-mist"}"#)))
        #expect(try advisories(strange).match([engine]) == unclear)
        var unknown = engine
        unknown.version = nil
        let bounded = entry(affected("xllamacpp", range(#"{"introduced": "0"}, {"fixed": "1"}"#)))
        #expect(try advisories(bounded).match([unknown]) == .unclear(id: "X-1", package: "PyPI/xllamacpp"))
        // A certain one goes before it.
        #expect(
            try advisories("[\(commits), \(entry(affected("xllamacpp")))]").match([engine])
                == .open(id: "X-1", package: engine.text))
    }

    @Test func listedVersionsCount() throws {
        let listed = entry(affected("xllamacpp", #", "versions": ["2026.10.1", "2026.10.2"]"#))
        #expect(try advisories(listed).match([engine]) == .open(id: "X-1", package: engine.text))
        let other = entry(affected("xllamacpp", #", "versions": ["2026.10.1"]"#))
        #expect(try advisories(other).match([engine]) == .none)
    }

    @Test func namesArePackagesOfOneEcosystem() throws {
        let named = AdvisoryPackage(ecosystem: "PyPI", name: "My_Engine.X", version: "1")
        #expect(try advisories(entry(affected("my-engine-x"))).match([named]) != .none)
        #expect(try advisories(entry(affected("my-engine-x", ecosystem: "npm"))).match([named]) == .none)
        let models = AdvisoryPackage.ofModel("here/smollm2")
        #expect(try advisories(entry(affected("smollm2", ecosystem: "model"))).match(models) != .none)
        #expect(try advisories(entry(affected("here/smollm2", ecosystem: "model"))).match(models) != .none)
        #expect(try advisories(entry(affected("smollm", ecosystem: "model"))).match(models) == .none)
    }

    @Test(arguments: [
        ("1", "2"), ("1.9", "1.10"), ("1.0a1", "1.0"), ("1.0.dev1", "1.0a1"), ("1.0a1", "1.0b1"), ("1.0b2", "1.0rc1"),
        ("1.0rc1", "1.0"), ("1.0", "1.0.post1"), ("1.0.0-alpha", "1.0.0"), ("1.0.0-alpha", "1.0.0-alpha.1"),
        ("1.0.0-x.1", "1.0.0-x.a"), ("1.0.0-x.2", "1.0.0-x.10"), ("2026.9", "1!1"), ("v1.2", "1.3"),
    ])
    func versionsAreOrdered(_ less: String, _ more: String) throws {
        let one = try #require(AdvisoryVersion(less))
        let other = try #require(AdvisoryVersion(more))
        #expect(one < other)
        #expect(!(other < one))
    }

    @Test(arguments: [("1", "1.0.0"), ("1.0+local", "1.0"), ("v2", "2")])
    func versionsAreEqual(_ one: String, _ other: String) {
        #expect(AdvisoryVersion(one) == AdvisoryVersion(other))
    }

    @Test(arguments: ["", "x", "1.", "1..2", "1.x", "99999999999999999999999", "1.0-", "é1", "1 2"])
    func whatIsNoVersionIsNone(_ text: String) { #expect(AdvisoryVersion(text) == nil) }

    @Test(arguments: ["PyPI/xllamacpp@1.2", "PyPI/xllamacpp", "model/here/smollm2@3", "npm/@scope/name@1"])
    func aPackageIsReadAsItIsWritten(_ text: String) { #expect(AdvisoryPackage(text)?.text == text) }

    @Test(arguments: ["", "x", "/x", "x/", "PyPI/x@", "PyPI/a b"])
    func whatIsNoPackageIsNone(_ text: String) { #expect(AdvisoryPackage(text) == nil) }
}
