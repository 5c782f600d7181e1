import Access
import Conversation
import Encodings
import Failures
import Gateway
import NIOCore
import Routing
import Wire

// The answers that need no provider: models, readiness, metrics.
extension Doors {
    func models(_ address: Address, _ path: Substring, _ principal: Principal, _ door: Door, _ id: String) -> Answer {
        let listing = gateway.served(gateway.state.routes.listing(allowed: principal.allowedRoutes))
        guard let writer = door.models else { return refuse(notFound(path), door, id, principal) }
        guard case .model(let name) = address else { return door.answer(writer.encodeModels(listing), id: id) }
        guard let model = listing.first(where: { $0.id == name }) else {
            return door.refuse(
                APIProblem(
                    .notFound,
                    "There is no model \"\(KeyShape.masking(Printable.excerpt(name)))\" for this key; GET /v1/models lists what there is.",
                    field: "model", code: "model_not_found"), id: id)
        }
        return door.answer(writer.encodeModel(model), id: id)
    }

    /// A list of models of one API's own.
    func catalogue(
        _ entrance: CatalogueEntrance, _ called: CalledPath, _ query: String, _ principal: Principal, _ id: String
    ) -> Answer {
        let now = Int(time().seconds)
        let request = CatalogueRequest(
            address: entrance.address.pattern, model: called.model, query: query, now: now)
        do throws(APIProblem) {
            let models = gateway.catalogue(allowed: principal.allowedRoutes, now: now)
            return entrance.door.answer(try entrance.writer.encodeCatalogue(request, models), id: id)
        } catch {
            return entrance.door.refuse(error, id: id)
        }
    }

    /// For people, and for whoever checks that something is there.
    func greeting(_ id: String) -> Answer {
        var json = JSONWriter()
        json.object { json in
            json.member("service", "holdfast")
            json.member("message", table.sentence + " Send a key as \"Authorization: Bearer KEY\".")
        }
        return standard.answer(json.buffer, id: id)
    }

    func readiness(_ id: String) -> Answer {
        var missing = view.unready()
        if gateway.shutdown.isDraining { missing.insert("shutting down", at: 0) }
        var json = JSONWriter()
        json.object { json in
            json.member("status", missing.isEmpty ? "ready" : "not ready")
            if !missing.isEmpty {
                json.array("waiting_for") { json in
                    for reason in missing { json.value(reason) }
                }
            }
        }
        var head = ResponseHead(status: missing.isEmpty ? 200 : 503)
        head.fields.append("content-type", "application/json")
        head.fields.append("x-request-id", id)
        if !missing.isEmpty { head.fields.append("retry-after", "1") }
        return Answer(head, json.buffer)
    }

    /// C2SP tlog-tiles: all but the checkpoint never changes. Public, so that
    /// anybody can check it.
    func ledgerAnswer(_ file: String, _ id: String) -> Answer {
        guard let bytes = view.ledgerFile?(file) else {
            return standard.refuse(
                APIProblem(
                    .notFound, "There is no such file of the ledger; /ledger/checkpoint is where it begins.",
                    code: "unknown_url"), id: id)
        }
        var head = ResponseHead(status: 200)
        let isTile = file.hasPrefix("tile/")
        head.fields.append("content-type", isTile ? "application/octet-stream" : "text/plain; charset=utf-8")
        head.fields.append("cache-control", isTile ? "public, max-age=604800, immutable" : "no-cache")
        head.fields.append("access-control-allow-origin", "*")
        head.fields.append("x-request-id", id)
        return Answer(head, bytes)
    }

    /// Public, like the ledger; nil where it is switched off.
    func statusAnswer(_ form: HouseView.StatusForm, _ id: String) -> Answer? {
        guard let bytes = view.status(form) else { return nil }
        var head = ResponseHead(status: 200)
        head.fields.append("content-type", form.type)
        head.fields.append("cache-control", "no-cache")
        // Nothing is fetched and nothing runs: what a name might smuggle in
        // would do nothing.
        head.fields.append(
            "content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
        head.fields.append("x-content-type-options", "nosniff")
        head.fields.append("access-control-allow-origin", "*")
        head.fields.append("x-request-id", id)
        return Answer(head, bytes)
    }

    func metricsAnswer(_ id: String) -> Answer {
        var head = ResponseHead(status: 200)
        head.fields.append("content-type", "text/plain; version=0.0.4; charset=utf-8")
        head.fields.append("x-request-id", id)
        return Answer(head, view.metrics?() ?? ByteBuffer())
    }
}

extension HouseView.StatusForm {
    fileprivate var type: String {
        switch self {
        case .json: "application/json"
        case .page: "text/html; charset=utf-8"
        case .suspensions: "text/plain; charset=utf-8"
        }
    }
}
