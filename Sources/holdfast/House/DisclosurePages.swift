import Extraction
import FrontDoor
import Gateway
import NIOCore
import Wire

/// What the admin listener shows and does about what hosted models have told.
struct DisclosurePages {
    let gateway: Gateway

    private var book: DisclosureBook { gateway.disclosures }

    var pages: [AdminDoor.Page] { [AdminDoor.Page("/admin/disclosures") { (200, page()) }] }

    var actions: [AdminDoor.Action] {
        [
            AdminDoor.Action("/admin/disclosures/forgive") { request in
                guard let who = (try? JSONDocument(request.body))?.root["who"]?.string else {
                    return .failure(400, #"Send {"who": "key:…"} or {"who": "tenant:…"}."#)
                }
                guard let subject = Subject(who), book.forgive(subject) else {
                    return .failure(
                        404,
                        "Nobody called \"\(who.prefix(64))\" has measured anything; GET /admin/disclosures lists who "
                            + "has.")
                }
                return .done(200, page())
            }
        ]
    }

    private func page() -> ByteBuffer {
        let hosted = gateway.state.providers.values.compactMap(\.hosted).sorted { $0.name < $1.name }
        let learnt = book.learnt
        var json = JSONWriter()
        json.object { json in
            json.array("models") { json in
                for model in hosted {
                    json.object { json in
                        json.member("model", model.name)
                        json.member("hidden_size", model.cost.hiddenSize)
                        json.member("egress_today", book.egress(of: model))
                        json.member("egress_per_day", ifPresent: model.egressPerDay)
                        json.member("values_to_recover", model.cost.values)
                    }
                }
            }
            json.array("measured") { json in
                for (account, values) in learnt.sorted(by: isShownFirst) {
                    json.object { json in
                        json.member("who", account.subject.text)
                        json.member("values", values)
                        json.array("models") { json in
                            for model in hosted where model.weights == account.weights {
                                json.object { json in
                                    json.member("model", model.name)
                                    json.member("of", model.limit(of: account.subject))
                                }
                            }
                        }
                    }
                }
            }
        }
        return json.buffer
    }

    private typealias Learnt = (key: RecoveryMeter.Account, value: Int)

    /// Who has been told most.
    private func isShownFirst(_ one: Learnt, _ other: Learnt) -> Bool {
        guard one.value == other.value else { return one.value > other.value }
        return (one.key.subject.text, one.key.weights) < (other.key.subject.text, other.key.weights)
    }
}
