import Crypto
import Foundation
import HoldfastServer
import Synchronization
import Testing
import Veto

@Suite struct AdvisoryFeedTests {
    private static let entry = Array(
        #"[{"id": "X-1", "modified": "m", "affected": [{"package": {"ecosystem": "PyPI", "name": "x"}}]}]"#.utf8)

    private final class World: Sendable {
        let pages = Mutex<[String: [UInt8]]>([:])
        let folder: String

        init() throws {
            folder = NSTemporaryDirectory() + "feed-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func feeds() -> AdvisoryFeeds {
            AdvisoryFeeds { [self] url, most in
                guard let bytes = pages.withLock({ $0[url] }) else { return .failure(.init("status 404")) }
                return bytes.count <= most ? .success(bytes) : .failure(.init("too long"))
            }
        }

        func put(_ bytes: [UInt8]?, at url: String) { pages.withLock { $0[url] = bytes } }
    }

    private let now = VetoTime(wall: 1_800_000_000, boot: 1_000_000_000_000)

    private func later(_ seconds: UInt64) -> VetoTime {
        VetoTime(wall: now.wall + Int(seconds), boot: now.boot + seconds * 1_000_000_000)
    }

    private func count(_ facts: AdvisoryFacts) -> Int? {
        if case .read(let advisories, _) = facts { advisories.count } else { nil }
    }

    @Test func aSignedFeedIsReadAndAForgedOneIsUnknown() async throws {
        let world = try World()
        let key = P256.Signing.PrivateKey()
        let path = "\(world.folder)/feed.pub"
        try Data(key.publicKey.pemRepresentation.utf8).write(to: URL(fileURLWithPath: path))
        let feed = AdvisoryFeed(.url("https://feed.invalid/a.json", key: path))
        world.put(Self.entry, at: "https://feed.invalid/a.json")
        #expect(count(await world.feeds().facts(of: feed, at: now)) == nil)
        let signature = try key.signature(for: Self.entry).derRepresentation.base64EncodedString()
        world.put(Array("\(signature)\n".utf8), at: "https://feed.invalid/a.json.sig")
        #expect(count(await world.feeds().facts(of: feed, at: now)) == 1)
        world.put(Array("[]".utf8), at: "https://feed.invalid/a.json")
        #expect(count(await world.feeds().facts(of: feed, at: now)) == nil)
    }

    @Test func aCopyOfTheLastDayCountsWhileTheFeedIsGone() async throws {
        let world = try World()
        let feeds = world.feeds()
        let feed = AdvisoryFeed(.url("https://feed.invalid/a.json", key: nil))
        world.put(Self.entry, at: "https://feed.invalid/a.json")
        #expect(count(await feeds.facts(of: feed, at: now)) == 1)
        world.put(nil, at: "https://feed.invalid/a.json")
        #expect(count(await feeds.facts(of: feed, at: later(400))) == 1)
        #expect(count(await feeds.facts(of: feed, at: later(86_401))) == nil)
    }

    @Test func aFileIsReadAnewAndAMissingOneIsUnknown() async throws {
        let world = try World()
        let path = "\(world.folder)/a.json"
        let feed = AdvisoryFeed(.file(path))
        let feeds = world.feeds()
        #expect(count(await feeds.facts(of: feed, at: now)) == nil)
        try Data(Self.entry).write(to: URL(fileURLWithPath: path))
        #expect(count(await feeds.facts(of: feed, at: later(5))) == 1)
        try Data("[{}]".utf8).write(to: URL(fileURLWithPath: path))
        #expect(count(await feeds.facts(of: feed, at: later(10))) == nil)
    }

    @Test func aDocumentIsThereOrNot() throws {
        let world = try World()
        let path = "\(world.folder)/soc2.pdf"
        let document = StandardDocument(name: "soc2", kind: .soc2, file: path, until: 0)
        #expect(FileEvidence.document(document) == .missing)
        try Data("abc".utf8).write(to: URL(fileURLWithPath: path))
        #expect(
            FileEvidence.document(document)
                == .onFile(sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", bytes: 3))
    }

    @Test func theEngineThatIsInstalledHasAVersion() throws {
        let package = try #require(EnginePackage.installed)
        #expect(package.name == "xllamacpp")
        #expect(package.version.flatMap { AdvisoryVersion($0) } != nil)
    }
}
