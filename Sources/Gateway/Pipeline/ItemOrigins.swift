package import Conversation
import Synchronization

/// The providers that made the items which callers send back and no other
/// provider can read: encrypted reasoning, compactions.
///
/// Of each item a mark of 64 bits is remembered, for as long as there is room:
/// the oldest go first. One that isn't known counts as the first candidate's,
/// until that one refuses it.
package final class ItemOrigins: Sendable {
    private enum Maker {
        case provider(String)
        /// Unknown, as after a restart; but not this one, which has refused it.
        case notProvider(String)
    }

    private struct State {
        var makers: [UInt64: Maker] = [:]
        /// The marks in the order in which they came: a ring.
        var order: [UInt64] = []
        var next = 0
    }

    private let state = Mutex(State())
    private let most: Int

    /// - Parameter most: The number of marks that are remembered; about 100
    ///   bytes each.
    package init(most: Int = 1 << 16) { self.most = most }

    package func note(_ marks: [UInt64], of provider: String) { note(marks, .provider(provider)) }

    /// Notes that a provider can't read these items, whoever has made them.
    package func noteRefusal(_ marks: [UInt64], by provider: String) { note(marks, .notProvider(provider)) }

    private func note(_ marks: [UInt64], _ maker: Maker) {
        guard !marks.isEmpty else { return }
        state.withLock { state in
            for mark in marks where state.makers.updateValue(maker, forKey: mark) == nil {
                if state.order.count < most {
                    state.order.append(mark)
                } else {
                    state.makers[state.order[state.next]] = nil
                    state.order[state.next] = mark
                    state.next = (state.next + 1) % most
                }
            }
        }
    }

    /// Returns the items that a provider can't read.
    /// - Parameter isFirst: True for the route's first candidate, which takes
    ///   the items that nothing is known of for its own.
    package func foreign(_ items: [BoundItem], to provider: String, isFirst: Bool) -> [BoundItem] {
        guard !items.isEmpty else { return [] }
        return state.withLock { state in
            items.filter { item in
                switch item.mark.flatMap({ state.makers[$0] }) {
                case .provider(let maker)?: maker != provider
                case .notProvider(provider)?: true
                case .notProvider, nil: !isFirst
                }
            }
        }
    }
}
