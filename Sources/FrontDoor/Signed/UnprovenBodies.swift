import Synchronization

/// The limit to the memory that bodies take whose requests are signed, and whose
/// signatures can't be checked before they are whole.
///
/// Anybody who has read a key's id in some log may send such a body. So they have
/// a quarter of the memory of all bodies, and no address and no key id has more
/// than half of that: the rest of the callers goes on.
package final class UnprovenBodies: Sendable {
    /// The party that has reached its limit.
    package enum Scope: Sendable, Hashable {
        case all, address, key
    }

    /// The parties that a body counts for.
    package struct Account: Sendable, Hashable {
        let key: String
        let address: PeerAddress

        package init(key: String, address: PeerAddress) {
            self.key = key
            self.address = address
        }
    }

    private struct State {
        var all = 0
        // Entries last as long as a body of theirs: as many as there are
        // connections, at the most.
        var byKey: [String: Int] = [:]
        var byAddress: [PeerAddress: Int] = [:]
    }

    private let most: Int
    private let mostOfOne: Int
    private let state = Mutex(State())

    /// - Parameter bodies: The limit to all bodies, in bytes
    ///   (``ConnectionLimits/bodies``).
    package init(bodies: Int) {
        most = max(1, bodies / 4)
        mostOfOne = max(1, most / 2)
    }

    /// Takes `bytes` more for a body.
    /// - Returns: nil where they are there, and else whose limit they are over;
    ///   none is taken then.
    package func take(_ bytes: Int, for account: Account) -> Scope? {
        state.withLock { state in
            let ofKey = state.byKey[account.key, default: 0] + bytes
            let ofAddress = state.byAddress[account.address, default: 0] + bytes
            if ofKey > mostOfOne { return .key }
            if ofAddress > mostOfOne { return .address }
            if state.all + bytes > most { return .all }
            state.all += bytes
            state.byKey[account.key] = ofKey
            state.byAddress[account.address] = ofAddress
            return nil
        }
    }

    package func giveBack(_ bytes: Int, of account: Account) {
        guard bytes > 0 else { return }
        state.withLock { state in
            state.all -= bytes
            state.byKey[account.key] = state.byKey[account.key].flatMap { $0 > bytes ? $0 - bytes : nil }
            state.byAddress[account.address] = state.byAddress[account.address].flatMap {
                $0 > bytes ? $0 - bytes : nil
            }
        }
    }

    /// The bytes that are taken at present.
    package var taken: Int { state.withLock { $0.all } }
    /// The parties that have some of them.
    package var parties: Int { state.withLock { $0.byKey.count + $0.byAddress.count } }
}
