import AsyncHTTPClient
import Crypto
import FoundationEssentials
import Files
import NIOCore
import NIOHTTP1
import Synchronization
package import Veto

/// The advisory feeds of the standards, each read anew from time to time.
///
/// A feed by URL with a key counts only with a signature beside it: at the same
/// address with `.sig` behind it, ECDSA over SHA-256 with P-256 in DER, in base
/// 64, as `openssl dgst -sha256 -sign` and `base64` make it. A feed that can't
/// be read, or whose signature doesn't verify, is unknown; the last good copy
/// counts for a day.
package final class AdvisoryFeeds: Sendable {
    /// A source of bytes by address.
    package typealias Fetch = @Sendable (_ url: String, _ most: Int) async -> Result<[UInt8], FeedProblem>

    /// The reason why a feed wasn't read; a part of a sentence.
    package struct FeedProblem: Error, Sendable, Hashable {
        package var reason: String

        package init(_ reason: String) { self.reason = reason }
    }

    private struct Kept {
        var facts: AdvisoryFacts
        var looked: UInt64
        /// The last good copy, by the boot clock.
        var good: (facts: AdvisoryFacts, at: UInt64)?
    }

    /// Seconds between two looks.
    private static let everyFile = 5
    private static let everyURL = 300
    /// The age to which a copy counts while its feed can't be read, in seconds.
    private static let mostAge = 86_400

    private let kept = Mutex<[AdvisoryFeed.Source: Kept]>([:])
    private let fetch: Fetch

    package init(fetch: @escaping Fetch = AdvisoryFeeds.overHTTP) { self.fetch = fetch }

    package func facts(of feed: AdvisoryFeed, at now: VetoTime) async -> AdvisoryFacts {
        let source = feed.source
        let known = kept.withLock { $0[source] }
        let every: Int
        if case .file = source { every = Self.everyFile } else { every = Self.everyURL }
        if let known, Self.seconds(from: known.looked, to: now.boot) < every { return known.facts }
        var next = Kept(facts: await read(source, at: now), looked: now.boot, good: known?.good)
        switch next.facts {
        case .read: next.good = (next.facts, now.boot)
        case .unreadable:
            if let good = next.good, Self.seconds(from: good.at, to: now.boot) < Self.mostAge, case .url = source {
                next.facts = good.facts
            }
        }
        kept.withLock { $0[source] = next }
        return next.facts
    }

    private static func seconds(from: UInt64, to: UInt64) -> Int {
        to > from ? Int(clamping: (to - from) / 1_000_000_000) : 0
    }

    private func read(_ source: AdvisoryFeed.Source, at now: VetoTime) async -> AdvisoryFacts {
        switch source {
        case .file(let path): return FileEvidence.advisories(path, at: now.wall)
        case .url(let url, let key):
            let bytes: [UInt8]
            switch await fetch(url, Advisories.longest) {
            case .success(let got): bytes = got
            case .failure(let problem): return .unreadable("the feed: \(problem.reason)")
            }
            if let key {
                if let problem = await objection(to: bytes, url, signedWith: key) { return .unreadable(problem.reason) }
            }
            return FileEvidence.advisories(bytes, of: "the feed", at: now.wall)
        }
    }

    private func objection(to bytes: [UInt8], _ url: String, signedWith path: String) async -> FeedProblem? {
        let key: P256.Signing.PublicKey
        do {
            let pem = String(decoding: try WholeFile.readAll(path, limit: 64 << 10), as: UTF8.self)
            key = try P256.Signing.PublicKey(pemRepresentation: pem)
        } catch let fault as FileFault {
            return FeedProblem("\(fault)")
        } catch {
            return FeedProblem("\(path) is no public key of P-256")
        }
        switch await fetch(url + ".sig", 64 << 10) {
        case .failure(let problem): return FeedProblem("the feed's signature: \(problem.reason)")
        case .success(let text):
            let written = String(decoding: text, as: UTF8.self).filter { !$0.isWhitespace }
            guard let der = Data(base64Encoded: written),
                let signature = try? P256.Signing.ECDSASignature(derRepresentation: der),
                key.isValidSignature(signature, for: bytes)
            else { return FeedProblem("the feed's signature doesn't verify") }
            return nil
        }
    }

    /// Reads an address, within 15 seconds.
    package static let overHTTP: Fetch = { url, most in
        do {
            let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(15))
            guard response.status == .ok else { return .failure(FeedProblem("status \(response.status.code)")) }
            let body = try await response.body.collect(upTo: most)
            return .success(Array(body.readableBytesView))
        } catch is NIOTooManyBytesError {
            return .failure(FeedProblem("it is over \(most) bytes long"))
        } catch {
            // Without the address, which may hold a token.
            return .failure(FeedProblem("it can't be reached"))
        }
    }
}
