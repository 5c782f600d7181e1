import Veto

/// The veto of this Holdfast, as standards order suspensions there.
struct VetoOrders: StandardOrders {
    private static let day = 86_400

    let veto: VetoService

    func order(_ suspension: Suspension) async {
        // A refusal is in the log and the ledger; the machine of standards
        // gives the order again, as the same record.
        guard !isKnown(suspension.nonce) else { return }
        _ = await veto.order(suspension)
    }

    func returnByItself(_ number: Int) async { veto.green(number) }

    var suspended: SuspensionIndex { veto.index }
    var newest: Int { veto.machine.numbers.last ?? 0 }

    func returns() async -> [(place: StandardPlace, time: Int)] {
        let machine = veto.machine
        let since = veto.now.wall - Self.day
        return machine.numbers.compactMap { number in
            guard let suspension = machine.suspension(number), suspension.mayReturnByItself,
                let standing = machine.standing(of: number), standing.phase == .restored, standing.since >= since,
                case .standard(let id) = suspension.orderer, let scope = suspension.scopes.first
            else { return nil }
            return (StandardPlace(id, scope), standing.since)
        }
    }

    private func isKnown(_ nonce: String) -> Bool {
        veto.index.entries.contains { $0.suspension.nonce == nonce }
    }
}

extension StandardsService: StandardVerdicts {}
