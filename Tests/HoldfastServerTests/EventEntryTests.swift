import Crypto
import Custody
import Drills
import EngineHost
import Extraction
import Failures
import Foundation
import Gateway
import GatewayTesting
import HoldfastServer
import Ledger
import NIOCore
import Resilience
import Settings
import Testing
import Veto

/// Server events as they are put on record.
@Suite struct EventEntryTests {
    static let time = halfPastTen * 1000 + 123
    static let at = #""at":"2026-06-12T10:30:00.123Z""#
    static let allKinds = Set(LedgerSettings.Kind.allCases)

    static func entries(
        _ event: ServerEvent, _ kinds: Set<LedgerSettings.Kind> = allKinds, file: [UInt8] = []
    ) -> [String] {
        EventEntries(kinds).entries(of: event, at: time) { _ in file }.map { text($0) }
    }

    static func kinds(_ entries: [String]) throws -> [String] {
        try entries.map { try #require(try member("kind", of: $0)) }
    }

    // MARK: Holds

    static let back = ReturnedHold(hold: .example(), since: 1, isByHand: true)

    @Test(
        "a change of health is on record where it outlives the process, or contradicts what did",
        arguments: [
            (.placed(.example()), "hold.placed"), (.placed(.example { $0.firmness = .provisional }), "hold.placed"),
            (.placed(.byHand), "hold.placed"), (.changed(.byHand), "hold.placed"),
            (.changed(.example()), "hold.confirmed"), (.acknowledged(.example()), "hold.acknowledged"),
            (.lifted(.example(), by: "probe"), "hold.lifted"), (.lifted(.byHand, by: "ann"), "hold.lifted"),
            (.placed(.example { $0.firmness = .timed }), nil), (.placed(.example { $0.keys = ["a key"] }), nil),
            (.changed(.example { $0.firmness = .provisional }), nil),
            (.acknowledged(.example { $0.firmness = .timed }), nil),
            (.lifted(.example { $0.firmness = .timed }, by: "time"), nil),
            (.lifted(.example { $0.keys = ["a key"] }, by: "probe"), nil), (.answersAgain(.example()), nil),
            (.flapping(.example(), keys: 3), nil), (.returned(back), nil), (.released(back, by: "ann"), nil),
            (.opened(key: "host:one", .broken), nil), (.closed(key: "host:one"), nil),
        ] as [(HealthChange, String?)])
    func changesOfHealth(_ change: HealthChange, _ kind: String?) throws {
        let entries = Self.entries(.health([change]))
        #expect(try Self.kinds(entries) == (kind.map { ["\"\($0)\""] } ?? []))
    }

    @Test func aHoldsEntryHasItsPlaceAndItsRuleAndNoWordsOfAProviders() {
        let hold = Hold.example {
            $0.credential = "fingerprint"
            $0.words = "the provider's words"
            $0.scope = .credentialModel
        }
        #expect(
            Self.entries(.health([.placed(hold)])) == [
                #"{"v":2,"kind":"hold.placed",\#(Self.at),"status":404,"cause":"withdrawn","rule":"model-gone","#
                    + #""provider":"first","model":"m","hold":"a1","scope":"credential+model","#
                    + #""host":"one.example:443","firmness":"lasting","origin":"traffic"}"#
            ])
    }

    @Test func aHoldByHandSaysWhoAndWhy() {
        #expect(
            Self.entries(.health([.placed(.byHand)])) == [
                #"{"v":2,"kind":"hold.placed",\#(Self.at),"by":"ann","cause":"held_by_hand","rule":"by hand","#
                    + #""provider":"first","model":"m","reason":"an audit","hold":"b2","scope":"model","#
                    + #""host":"one.example:443","firmness":"lasting","origin":"administrator"}"#
            ])
    }

    @Test func whoLiftsAHoldIsNamedInPlaceOfWhoPlacedIt() throws {
        let lifted = Self.entries(.health([.lifted(.byHand, by: "bob")]))
        #expect(try member("by", of: #require(lifted.first)) == "\"bob\"")
        let seen = Self.entries(.health([.acknowledged(.example { $0.acknowledgedBy = "eve" })]))
        #expect(try member("by", of: #require(seen.first)) == "\"eve\"")
        // By traffic: nobody placed it.
        let placed = Self.entries(.health([.placed(.example { $0.acknowledgedBy = "eve" })]))
        #expect(try member("by", of: #require(placed.first)) == nil)
    }

    @Test("a verdict that a probe contradicts is on record with the cause that remains") func unconfirmed() throws {
        let book = HealthBook()
        let now = Moment(tick: .seconds(1), unix: halfPastTen)
        let news = try book.noteWithdrawal(at: House.firstPlace, now: now)
        let changes = book.probed(try #require(news.probes.first), .answered, now: now)
        let hold = try #require(news.changes.first.flatMap { if case .placed(let hold) = $0 { hold } else { nil } })
        let entries = Self.entries(.health(news.changes + changes))
        #expect(try Self.kinds(entries) == ["\"hold.placed\"", "\"hold.lifted\"", "\"verdict.unconfirmed\""])
        let expected: String =
            #"{"v":2,"kind":"verdict.unconfirmed",\#(Self.at),"by":"probe","status":404,"cause":"withdrawn","#
            + #""rule":"model-gone","provider":"first","model":"m","hold":"\#(hold.id)","scope":"model","#
            + #""host":"one.example:443","verdict":"withdrawn"}"#
        #expect(entries.last == expected)
    }

    @Test func changesOfOneEventKeepTheirOrder() throws {
        let changes: [HealthChange] = [
            .lifted(.byHand, by: "ann"), .opened(key: "k", .broken), .placed(.example()), .changed(.example()),
        ]
        let kinds = try Self.kinds(Self.entries(.health(changes)))
        #expect(kinds == ["\"hold.lifted\"", "\"hold.placed\"", "\"hold.confirmed\""])
    }

    // MARK: Drills

    static func drill(_ goal: Double = 0.999) -> DrillReport {
        DrillReport(
            DrillOrder(
                id: "d1", route: "talk", provider: "first", model: "m", cause: .withdrawn, duration: .seconds(60),
                by: "ann"),
            phase: .over, end: .done, started: halfPastTen, DrillTally(),
            .init(availability: goal, firstToken: nil, switchTime: .seconds(2)))
    }

    @Test func onlyTheEndOfADrillHasAVerdict() {
        let members = #""route":"talk","cause":"withdrawn","drill":"d1","candidate":"first/m""#
        #expect(
            Self.entries(.drillBegan(Self.drill())) == [#"{"v":2,"kind":"drill.began",\#(Self.at),\#(members)}"#])
        #expect(
            Self.entries(.drillEnded(Self.drill())) == [
                #"{"v":2,"kind":"drill.ended",\#(Self.at),\#(members),"verdict":"inconclusive"}"#
            ])
    }

    // MARK: Configuration

    private static let file = """
        providers:
          first: { dialect: openai, base_url: 'https://one.example/v1', api_key: sk-a-secret, host: one, lab: lab-a }
          second: { dialect: openai, base_url: 'https://two.example/v1', region: eu, key_custodian: us }
        routes:
          talk: { candidates: [{ provider: first, model: m }] }
        """

    @Test func theFirstConfigurationNamesTheFileAndThePlaces() throws {
        let change = ConfigurationChange(settings: try settings(Self.file), previous: nil)
        let bytes = Array("what the file holds".utf8)
        let digest = Data(SHA256.hash(data: bytes)).base64EncodedString()
        #expect(
            Self.entries(.configuration(change), file: bytes) == [
                #"{"v":2,"kind":"configuration.changed",\#(Self.at),"sha256":"\#(digest)","changed":[],"#
                    + #""places":[{"provider":"first","host":"one","lab":"lab-a"},{"provider":"second","region":"eu"}]}"#
            ])
    }

    @Test func anEditNamesTheSectionsThatItChangesAndNoValueOfThem() throws {
        let old = try settings(Self.file)
        let new = try settings(
            Self.file.replacing("sk-a-secret", with: "sk-another") + "\nlog: { level: debug }\nstatus_page: off")
        let entry = try #require(
            Self.entries(.configuration(ConfigurationChange(settings: new, previous: old))).first)
        #expect(try member("changed", of: entry) == #"["providers","log","status_page"]"#)
        #expect(!entry.contains("sk-") && !entry.contains("one.example"))
        let same = try #require(
            Self.entries(.configuration(ConfigurationChange(settings: old, previous: old))).first)
        #expect(try member("changed", of: same) == "[]")
    }

    @Test("a long list of providers, and long names of places, fit into one entry") func manyProviders() throws {
        let long = String(repeating: "h", count: 500)
        let providers = (0..<150).map {
            "  p\($0): { dialect: openai, base_url: 'https://p.example/v1', host: \(long), lab: \(long), region: \(long) }"
        }
        let change = ConfigurationChange(
            settings: try settings("providers:\n" + providers.joined(separator: "\n")), previous: nil)
        let entries = EventEntries(Self.allKinds).entries(of: .configuration(change), at: Self.time) { _ in [] }
        let entry = try #require(entries.first)
        #expect(entry.bytes.count <= EntryBundle.mostBytes)
        let places = try #require(try member("places", of: text(entry)))
        #expect(places.contains(#""provider":"p99""#) && !places.contains(#""provider":"p100""#))
        #expect(places.contains(String(repeating: "h", count: 100)))
        #expect(!places.contains(String(repeating: "h", count: 101)))
    }

    // MARK: Administration

    private static func administration(_ target: String, _ body: String, path: String = "/admin/holds") -> ServerEvent {
        .administration(
            AdministrationEvent(path: path, by: "key_1", parameter: target, body: ByteBuffer(string: body)))
    }

    @Test func anActionSaysWhatAndWhyAndNothingElseOfItsBody() {
        let body =
            #"{"provider":"first","model":"m","reason":"an \"audit\"","route":"talk","as":"withdrawn","token":"a secret"}"#
        #expect(
            Self.entries(Self.administration("b2", body)) == [
                #"{"v":2,"kind":"administration",\#(Self.at),"route":"talk","by":"key_1","provider":"first","#
                    + #""model":"m","reason":"an \"audit\"","action":"/admin/holds","target":"b2","as":"withdrawn"}"#
            ])
    }

    @Test("what is no JSON object, no text or too long doesn't keep an action off the record")
    func oddBodies() throws {
        let bare = #"{"v":2,"kind":"administration",\#(Self.at),"by":"key_1","action":"/admin/holds"}"#
        for body in ["", "{", "[1]", "null", #"{"reason":{"deep":"a secret"},"model":7}"#] {
            #expect(Self.entries(Self.administration("", body)) == [bare], "\(body)")
        }
        let long = String(repeating: "é", count: 5000)
        let entry = try #require(Self.entries(Self.administration("", "{\"reason\":\"\(long)\"}")).first)
        #expect(try member("reason", of: entry) == "\"\(long.prefix(300))\"")
    }

    // MARK: Custody

    static let digest = ContentDigest.of(Array("a".utf8))
    static let other = ContentDigest.of(Array("b".utf8))

    static func receipt(isWhole: Bool = true) -> CustodyReceipt {
        CustodyReceipt(
            provider: "here", model: "tiny", role: .primary, manifestRoot: digest, origin: .signed, time: halfPastTen,
            files: [], mappings: [WeightMapping(file: "m.gguf", mapped: 512, isWhole: isWhole, ranges: [])],
            images: [EngineImage(path: "/a/path", sha256: other)], engine: other, isEnginePinned: true, epoch: 3,
            protections: [
                Protection(name: .network, isHeld: true, how: "seen"),
                Protection(name: .swap, isHeld: false, how: "a reason"),
                Protection(name: .dumps, isHeld: false, how: "a reason"),
            ], witness: "observed", process: 4711)
    }

    static let change = CustodyEvent.Change(
        provider: "here", model: "tiny", receipt: "custody_1",
        mismatch: .init(file: "m.gguf", expected: digest, found: other), verdict: .quarantine, time: halfPastTen)

    static let custodyEvents: [(CustodyEvent, String)] = [
        (
            .verified(
                .init(
                    provider: "here", model: "tiny", manifestRoot: digest, origin: .signed,
                    files: [("m.gguf", digest), ("t.jinja", other)], took: .seconds(3))),
            #""kind":"weights.verified",\#(at),"provider":"here","model":"tiny","manifest":"signed","#
                + #""manifest_root":"\#(digest.hex)","files":[{"sha256":"\#(digest.hex)","name":"m.gguf"},"#
                + #"{"sha256":"\#(other.hex)","name":"t.jinja"}]"#
        ),
        (
            .loaded(receipt()),
            #""kind":"weights.loaded",\#(at),"provider":"here","model":"tiny","manifest_root":"\#(digest.hex)","#
                + #""receipt":"\#(receipt().id)","engine_sha256":"\#(other.hex)","seen":"observed","#
                + #""missing":["swap","dumps"],"scrub":"whole""#
        ),
        (
            .changed(change),
            #""kind":"weights.scrub-mismatch",\#(at),"provider":"here","model":"tiny","verdict":"quarantine","#
                + #""receipt":"custody_1","file":"m.gguf","expected":"\#(digest.hex)","found":"\#(other.hex)""#
        ),
        (
            .impostor(
                .init(
                    provider: "here", model: "tiny", receipt: "custody_1", engine: 10, found: 11, time: halfPastTen)),
            #""kind":"engine.impostor",\#(at),"provider":"here","model":"tiny","receipt":"custody_1","#
                + #""expected":"process 10","found":"process 11""#
        ),
        (
            .refused(provider: "here", CustodyProblem(.mismatch, "a sentence with /a/path", remedy: "another")),
            #""kind":"weights.refused",\#(at),"cause":"mismatch","provider":"here""#
        ),
    ]

    @Test("what becomes of weights is on record, whatever the settings list", arguments: Self.custodyEvents.indices)
    func custody(_ index: Int) {
        let (event, members) = Self.custodyEvents[index]
        for kinds in [[], Self.allKinds] {
            #expect(Self.entries(.custody(event), kinds) == [#"{"v":2,\#(members)}"#])
        }
    }

    @Test func weightsThatAreNotWatchedWholeAreSaidToBe() throws {
        let entry = try #require(Self.entries(.custody(.loaded(Self.receipt(isWhole: false)))).first)
        #expect(try member("scrub", of: entry) == "\"partial\"")
    }

    @Test func aModelOfManyFilesFitsIntoOneEntry() throws {
        let event = CustodyEvent.verified(
            .init(
                provider: "here", model: "tiny", manifestRoot: Self.digest, origin: .development,
                files: (0..<100).map { ("part-\($0)", Self.digest) }, took: .seconds(3)))
        let entry = try #require(Self.entries(.custody(event)).first)
        #expect(entry.contains("part-63") && !entry.contains("part-64"))
    }

    // MARK: What is wanted

    @Test func probesAndDisclosuresAreNotOnRecord() {
        #expect(Self.entries(.probe(House.firstPlace, .answered)).isEmpty)
        let alarm = EgressMeter.Alarm(model: "here", bytes: 9, budget: 10, hasStopped: false)
        #expect(Self.entries(.disclosure(.egress(alarm))).isEmpty)
    }

    @Test("a kind that the settings don't list is left out, and administration never is")
    func listedKinds() throws {
        let events: [(LedgerSettings.Kind, ServerEvent)] = [
            (.holds, .health([.placed(.example())])), (.drills, .drillBegan(Self.drill())),
            (.drills, .drillEnded(Self.drill())),
            (.configuration, .configuration(ConfigurationChange(settings: try settings(Self.file), previous: nil))),
        ]
        for (kind, event) in events {
            #expect(Self.entries(event, [kind]).count == 1)
            #expect(Self.entries(event, Self.allKinds.subtracting([kind])).isEmpty)
        }
        #expect(Self.entries(Self.administration("", "{}"), []).count == 1)
    }

    @Test("every kind of entry but those of requests comes from some event") func everyKind() throws {
        let book = HealthBook()
        let now = Moment(tick: .seconds(1), unix: halfPastTen)
        let news = try book.noteWithdrawal(at: House.firstPlace, now: now)
        let changes = book.probed(try #require(news.probes.first), .answered, now: now)
        let events: [ServerEvent] =
            [
                .health(news.changes + changes + [.changed(.example()), .acknowledged(.example())]),
                .drillBegan(Self.drill()), .drillEnded(Self.drill()),
                .configuration(ConfigurationChange(settings: try settings(Self.file), previous: nil)),
                Self.administration("", "{}"), .supervisor(.down("crashed")), .supervisor(.up),
            ] + Self.custodyEvents.map { .custody($0.0) } + [Self.occurrence(.ordered(Self.suspension))]
            + Self.steps.map { Self.occurrence($0.0) } + Self.permits.map { .permit($0) }
            + [.permitTicks(["a/m": 2], at: 5), .vetoBegan(boot: "b", tick: 4)]
            + Self.changes.map { .standard(StandardOccurrence($0.0, [Self.standard], maySuspend: true)) }
        let written = Set(try events.flatMap { try Self.kinds(Self.entries($0)) })
        // The record of the veto is written by its own service.
        let known = EntryKind.allCases.filter { !$0.rawValue.hasPrefix("request.") && $0 != .vetoRecord }
        #expect(written == Set(known.map { "\"\($0.rawValue)\"" }))
    }

    // MARK: The veto

    static let suspension = Suspension(
        number: 12, scopes: [.model("openai/gpt"), .key("team-a")],
        reason: SuspensionReason(.legal, basis: "recall 7", text: "a text", evidence: "ticket 4"),
        orderer: .person("alice"), ordered: halfPastTen, expires: halfPastTen + 60, roster: 3, nonce: "n")

    static func occurrence(_ event: VetoEvent, of suspension: Suspension = suspension) -> ServerEvent {
        .veto(
            VetoOccurrence(
                event, at: VetoTime(wall: halfPastTen, boot: 5), suspension: suspension, digest: "d", roster: 3))
    }

    static let steps: [(VetoEvent, String)] = [
        (.ratified(number: 12, by: "bob"), "suspension.ratified"), (.overdue(number: 12), "suspension.overdue"),
        (.lapsed(number: 12), "suspension.lapsed"), (.approved(number: 12, by: "bob"), "suspension.approved"),
        (.approvalEnded(number: 12, by: "bob"), "suspension.approval-ended"),
        (.refused(number: 12, reason: .noRoster), "suspension.refused"),
        (.shortened(number: 12, expires: 9, by: ["a", "b"]), "suspension.shortened"),
        (.verifying(number: 12, cause: .people(["a", "b"])), "suspension.verifying"),
        (.halfOpen(number: 12, percent: 10), "suspension.half-open"),
        (.restored(number: 12), "suspension.restored"),
        (.gateFailed(number: 12, reason: "no answer"), "suspension.gate-failed"),
        (.roster(version: 4, digest: "e"), "roster.changed"),
        (.replacementAnnounced(version: 4, due: 9), "roster.announced"),
        (.replacementCancelled(version: 4, by: nil), "roster.cancelled"),
    ]

    static let permits: [PermitEvent] = [
        .granted(candidate: "p/m", tick: 1), .denied(candidate: "p/m", suspension: "S12", tick: 7, lastAllowed: 6),
        .ended(candidate: "p/m", suspension: "S12", tick: 9, lastByte: nil),
        .ended(candidate: "p/m", suspension: "S12", tick: 9, lastByte: 8),
        .askedByGate(candidate: "p/m", suspension: "S12", tick: 11, answered: true),
    ]

    @Test("an order is on record with its scopes, and with its text only where that is public, never its evidence")
    func orders() {
        let whole =
            #""tick":5,"suspension":"S12","scopes":["model:openai/gpt","key:team-a"],"mode":"cut","#
            + #""digest":"d","roster":3,"code":"legal","basis":"recall 7","expires":\#(halfPastTen + 60)}"#
        #expect(
            Self.entries(Self.occurrence(.ordered(Self.suspension)), [])
                == [#"{"v":2,"kind":"suspension.ordered",\#(Self.at),"by":"person:alice",\#(whole)"#])
        var open = Self.suspension
        open.reason.isPublic = true
        let told = Self.entries(Self.occurrence(.ordered(open), of: open), [])
        #expect(
            told == [#"{"v":2,"kind":"suspension.ordered",\#(Self.at),"by":"person:alice","reason":"a text",\#(whole)"#]
        )
    }

    @Test(
        "each step of a suspension is on record, whatever `record` lists",
        arguments: steps)
    func stepsOfASuspension(_ event: VetoEvent, _ kind: String) throws {
        let entries = Self.entries(Self.occurrence(event), [])
        #expect(try Self.kinds(entries) == ["\"\(kind)\""])
        #expect(entries.allSatisfy { $0.contains(#""tick":5"#) })
    }

    // MARK: Standards

    static let standard = Standard(
        id: "audited", subjects: [.scope(.host("aws"))],
        check: .document(StandardDocument(name: "soc2", kind: .soc2, file: "soc2.pdf", until: halfPastTen)),
        breach: .suspendNew)
    static let breach = StandardVerdict(.breached, "its date is over", seen: halfPastTen)
    static let audited = StandardPlace("audited", .host("aws"))
    static let changes: [(StandardEvent, String)] = [
        (.breached(audited, breach, .suspendNew), #""verdict":"breached","action":"suspend-new","#),
        (
            .warned(audited, breach, .lastCandidate(routes: ["a"])),
            #""reason":"it is the last candidate of a, and even_the_last is false","verdict":"breached","#
                + #""action":"suspend-new","#
        ),
        (.order(suspension, audited, breach), #""verdict":"breached","action":"suspend-new","#),
        (.return(number: 12, audited), #""action":"suspend-new","suspension":"S12","#),
        (.needsPeople(number: 12, audited, .standard), #""action":"suspend-new","suspension":"S12","#),
        (
            .recovered(audited, StandardVerdict(.met, "it is there", seen: 1)),
            #""verdict":"met","action":"suspend-new","#
        ),
        (
            .unknown(audited, StandardVerdict(.unknown, "it can't be read", seen: 1)),
            #""verdict":"unknown","action":"suspend-new","#
        ),
    ]

    @Test("each change of a standard is on record, whatever `record` lists, without its evidence")
    func standards() {
        for ((event, members), kind) in zip(Self.changes, StandardOccurrence.Kind.allCases) {
            let occurrence = StandardOccurrence(event, [Self.standard], maySuspend: true)
            #expect(
                Self.entries(.standard(occurrence), []) == [
                    #"{"v":2,"kind":"standard.\#(kind.rawValue)",\#(Self.at),"by":"standard:audited","#
                        + #""cause":"document",\#(members)"scopes":["host:aws"]}"#
                ])
        }
        let unable = StandardOccurrence(Self.changes[2].0, [], maySuspend: false)
        #expect(unable.kind == .warned && !unable.remark.isEmpty && unable.check == nil)
    }

    @Test func permitsHaveTheirTicks() {
        let at = Self.at
        #expect(
            Self.permits.flatMap { Self.entries(.permit($0), []) } == [
                #"{"v":2,"kind":"permit.granted",\#(at),"candidate":"p/m","tick":1}"#,
                #"{"v":2,"kind":"permit.denied",\#(at),"candidate":"p/m","tick":7,"suspension":"S12","last_allowed":6}"#,
                #"{"v":2,"kind":"permit.ended",\#(at),"candidate":"p/m","tick":9,"suspension":"S12"}"#,
                #"{"v":2,"kind":"permit.ended",\#(at),"candidate":"p/m","tick":9,"suspension":"S12","last_byte":8}"#,
                #"{"v":2,"kind":"permit.asked",\#(at),"candidate":"p/m","tick":11,"suspension":"S12","answered":true}"#,
            ])
        #expect(
            Self.entries(.permitTicks(["b/m": 3, "a/m": 2], at: 5), []) == [
                #"{"v":2,"kind":"permit.ticks",\#(at),"tick":5,"ticks":[{"candidate":"a/m","last_allowed":2},"#
                    + #"{"candidate":"b/m","last_allowed":3}]}"#
            ])
        let many = Dictionary(uniqueKeysWithValues: (0..<250).map { ("p/\($0)", UInt64($0)) })
        #expect(Self.entries(.permitTicks(many, at: 5), []).count == 3)
        #expect(Self.entries(.permitTicks([:], at: 5), []).isEmpty)
        #expect(
            Self.entries(.vetoBegan(boot: "b", tick: 4), [])
                == [#"{"v":2,"kind":"veto.began",\#(at),"tick":4,"boot":"b"}"#])
    }
}
