import Files
package import Ledger
package import Settings

/// The witnesses to ask for cosignatures and the quorum that counts, from the settings and their policy file together.
package struct WitnessPlan {
    /// The policy file's; without one, of all the witnesses that are listed.
    package let policy: LedgerPolicy
    /// Each with its address.
    package let witnesses: [(key: VerifierKey, url: String)]

    /// - Parameter log: the ledger's own key.
    /// - Throws: ``LedgerProblem`` where the policy can't be read, or is not
    ///   of this ledger.
    package init(_ settings: LedgerSettings, log: VerifierKey) throws(LedgerProblem) {
        var witnesses = settings.witnesses.map { (key: $0.key, url: $0.url.text) }
        if let file = settings.policyFile {
            let bytes: [UInt8]
            do throws(FileFault) {
                bytes = try WholeFile.readAll(file, limit: 1 << 20)
            } catch {
                throw LedgerProblem("the policy can't be used: \(error)")
            }
            policy = try LedgerPolicy(String(decoding: bytes, as: UTF8.self))
            guard policy.logs.isEmpty || policy.logs.contains(where: { $0.key == log }) else {
                throw LedgerProblem("the policy \(file) names other logs, and not this one: log \(log.vkey)")
            }
            for party in policy.witnesses where !witnesses.contains(where: { $0.key == party.key }) {
                guard let text = party.url else { continue }
                do throws(BaseURL.Refusal) {
                    witnesses.append((party.key, try BaseURL(text).text))
                } catch {
                    throw LedgerProblem(
                        "the policy \(file) has no valid address of the witness \(party.name): it \(error.words)")
                }
            }
        } else {
            policy = LedgerPolicy(
                log: log, witnesses: witnesses.map { LedgerPolicy.Party(name: $0.key.vkey, key: $0.key, url: $0.url) })
        }
        self.witnesses = witnesses
    }
}
