package import Custody

/// An event in the custody of an engine's weights, for the ledger and for alerts.
package enum CustodyEvent: Sendable {
    /// The weights are in sealed memory and match the manifest.
    case verified(Verified)
    /// An engine has them, and may serve.
    case loaded(CustodyReceipt)
    /// An engine does not start, or may not serve.
    case refused(provider: String, CustodyProblem)

    /// The weights have changed in memory; the engine is being killed.
    case changed(Change)

    /// A stranger listens at an engine's socket; nothing was sent there.
    case impostor(Impostor)

    package struct Impostor: Sendable {
        package var provider: String
        package var model: String
        /// The receipt that is in force for the engine itself; nil while it
        /// isn't ready.
        package var receipt: String?
        /// The engine's process.
        package var engine: Int
        /// The process that listens in its place.
        package var found: Int
        /// In seconds since 1970.
        package var time: Int

        package init(provider: String, model: String, receipt: String?, engine: Int, found: Int, time: Int) {
            self.provider = provider
            self.model = model
            self.receipt = receipt
            self.engine = engine
            self.found = found
            self.time = time
        }
    }

    package struct Change: Sendable {
        package var provider: String
        package var model: String
        /// The receipt that no longer holds.
        package var receipt: String
        package var mismatch: Scrubber.Mismatch
        package var verdict: ScrubPolicy.Verdict
        /// In seconds since 1970.
        package var time: Int

        package init(
            provider: String, model: String, receipt: String, mismatch: Scrubber.Mismatch,
            verdict: ScrubPolicy.Verdict, time: Int
        ) {
            self.provider = provider
            self.model = model
            self.receipt = receipt
            self.mismatch = mismatch
            self.verdict = verdict
            self.time = time
        }
    }

    package struct Verified: Sendable {
        package var provider: String
        package var model: String
        package var manifestRoot: ContentDigest
        package var origin: ExpectedWeights.Origin
        package var files: [(name: String, sha256: ContentDigest)]
        package var took: Duration

        package init(
            provider: String, model: String, manifestRoot: ContentDigest, origin: ExpectedWeights.Origin,
            files: [(name: String, sha256: ContentDigest)], took: Duration
        ) {
            self.provider = provider
            self.model = model
            self.manifestRoot = manifestRoot
            self.origin = origin
            self.files = files
            self.took = took
        }
    }
}
