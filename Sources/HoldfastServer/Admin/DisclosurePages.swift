import AdminAPI
import Extraction
import FrontDoor
import Gateway

/// The administrators' resources for what hosted models have disclosed.
struct DisclosurePages {
    let gateway: Gateway

    private var book: DisclosureBook { gateway.disclosures }

    var pages: [AdminDoor.Page] { [AdminDoor.Page(AdminPath.disclosures) { view() }] }

    var actions: [AdminDoor.Action] {
        [
            AdminDoor.Action(AdminPath.forgiveDisclosures) { request in
                let order: ForgiveOrder
                do throws(BadOrder) {
                    order = try request.order(
                        ForgiveOrder.self, usage: #"{"who": "key:…"} or {"who": "tenant:…"}"#)
                } catch {
                    return .failure(400, error.message)
                }
                guard let subject = Subject(order.who), book.forgive(subject) else {
                    return .failure(
                        404,
                        "Nobody called \"\(order.who.prefix(64))\" has measured anything; GET \(AdminPath.disclosures) "
                            + "lists who has.")
                }
                return .done(200, view: view())
            }
        ]
    }

    private func view() -> DisclosuresView {
        let hosted = gateway.state.providers.values.compactMap(\.hosted).sorted { $0.name < $1.name }
        return DisclosuresView(
            models: hosted.map { model in
                DisclosuresView.Model(
                    model: model.name, hiddenSize: model.cost.hiddenSize, egressToday: book.egress(of: model),
                    egressPerDay: model.egressPerDay, valuesToRecover: model.cost.values)
            },
            measured: book.learnt.sorted(by: isShownFirst).map { account, values in
                DisclosuresView.Measured(
                    who: account.subject.text, values: values,
                    models: hosted.filter { $0.weights == account.weights }.map { model in
                        .init(model: model.name, of: model.limit(of: account.subject))
                    })
            })
    }

    private typealias Learnt = (key: RecoveryMeter.Account, value: Int)

    /// The subject with the most values first.
    private func isShownFirst(_ one: Learnt, _ other: Learnt) -> Bool {
        guard one.value == other.value else { return one.value > other.value }
        return (one.key.subject.text, one.key.weights) < (other.key.subject.text, other.key.weights)
    }
}
