import Access
import HoldfastServer
import Settings
import Testing
import Veto

@Suite struct DependantTests {
    private static func candidate(_ id: String, lab: String? = nil, serves: Bool = true) -> StandardSituation.Candidate
    {
        .init(SuspensionSubject(id: id, lab: lab), serves: serves)
    }

    private static let routes = [
        StandardSituation.Route(
            name: "assistant", candidates: [candidate("a/x", lab: "acme"), candidate("b/y")]),
        StandardSituation.Route(name: "search", candidates: [candidate("a/x", lab: "acme")]),
        StandardSituation.Route(name: "other", candidates: [candidate("b/y")]),
    ]

    private static func key(_ name: String, routes: Set<String>? = nil, notify: KeyNotice?) -> KeyRecord {
        KeyRecord(
            name: name, digest: KeyDigest(of: name), routes: routes, notify: notify, created: UnixTime(seconds: 0),
            id: "k_\(name)")
    }

    private let dependants = Dependants(
        routes: DependantTests.routes, notify: ["search": ["desk"], "assistant": ["desk", "pager"]],
        keys: [
            key(
                "mine", routes: ["search"],
                notify: .url("https://example.com", secret: String(repeating: "s", count: 24))),
            key("all", notify: .webhook("owner")), key("silent", notify: nil),
            key("elsewhere", routes: ["other"], notify: .webhook("elsewhere")),
        ])

    @Test func eachIsToldOfItsOwnRoutesAndNobodyElse() {
        let notices = dependants.notices(of: [.lab("acme")])
        let byReceiver = Dictionary(uniqueKeysWithValues: notices.map { ($0.receiver, $0) })
        #expect(Set(byReceiver.keys) == ["desk", "pager", "key:k_mine", "owner"])
        #expect(byReceiver["desk"]?.routes.map(\.route) == ["assistant", "search"])
        #expect(byReceiver["key:k_mine"]?.routes == [.init(route: "search", standIn: nil, models: ["a/x"])])
        #expect(byReceiver["owner"]?.routes.map(\.standIn) == ["b/y", nil])
        #expect(byReceiver["key:k_mine"]?.isOperator == false)
        #expect(byReceiver["desk"]?.isOperator == true)
    }

    @Test func theScopeOfAKeyIsForThatKeyAlone() {
        let notices = dependants.notices(of: [.key("k_mine")])
        #expect(notices.map(\.receiver) == ["key:k_mine"])
        #expect(notices.first?.routes.map(\.route) == ["search"])
    }

    @Test func whatIsSuspendedTooStandsInForNobody() {
        let dark = Dependants(routes: Self.routes, notify: [:], keys: [], suspended: [.model("b/y")])
        #expect(dark.effects(of: [.lab("acme")]).map(\.standIn) == [nil, nil])
    }

    @Test func aKeysReceiverIsGoneWithTheKey() {
        var record = Self.key("mine", notify: .url("https://example.com", secret: "secret"))
        #expect(KeyReceivers.receiver(named: "key:k_mine", among: [record])?.url.reveal() == "https://example.com")
        #expect(KeyReceivers.receiver(named: "desk", among: [record]) == nil)
        record.revoked = UnixTime(seconds: 1)
        #expect(KeyReceivers.receiver(named: "key:k_mine", among: [record]) == nil)
    }
}
