import Drills
import Failures
import FrontDoor
import Gateway
import Logging
import NIOCore
import Routing
import Store
import Wire

/// What the admin listener shows and does about drills.
struct DrillPages {
    let gateway: Gateway
    let store: Store
    let logger: Logger

    var pages: [AdminDoor.Page] {
        [
            AdminDoor.Page("/admin/drills") { list() },
            AdminDoor.Page("/admin/drills/:id", ofEach: { one($0) }),
        ]
    }

    var actions: [AdminDoor.Action] {
        [
            AdminDoor.Action("/admin/drills") { begin($0) },
            AdminDoor.Action("/admin/drills/:id/renew") { request in
                with(request) { $0.renew() }
            },
            AdminDoor.Action("/admin/drills/:id/end") { request in
                with(request) { $0.stop() }
            },
        ]
    }

    /// How many past ones are listed.
    private static let mostListed = 100

    private func list() -> (Int, ByteBuffer) {
        do throws(StoreError) {
            let past = try store.drills(limit: Self.mostListed)
            var json = JSONWriter()
            json.object { json in
                json.array("running") { json in
                    for rehearsal in gateway.drills.all { write(String(buffer: rehearsal.report.json), to: &json) }
                }
                json.array("past") { json in for drill in past { write(drill.report, to: &json) } }
            }
            return (200, json.buffer)
        } catch {
            return (503, AdminDoor.problem(error.message))
        }
    }

    private func write(_ report: String, to json: inout JSONWriter) {
        if let fragment = try? JSONFragment(checking: report) { json.value(fragment) }
    }

    private func one(_ id: String) -> (Int, ByteBuffer) {
        if let rehearsal = gateway.drills.rehearsal(id: id) { return (200, rehearsal.report.json) }
        do throws(StoreError) {
            guard let drill = try store.drill(id) else { return (404, AdminDoor.problem(Self.unknown(id))) }
            return (200, ByteBuffer(string: drill.report))
        } catch {
            return (503, AdminDoor.problem(error.message))
        }
    }

    private static func unknown(_ id: String) -> String {
        "There is no drill \"\(id.prefix(64))\"; GET /admin/drills lists them."
    }

    /// One that has just ended answers with its report.
    private func with(_ request: AdminDoor.ActionRequest, _ act: (Rehearsal) -> Void) -> AdminDoor.Outcome {
        if let rehearsal = gateway.drills.rehearsal(id: request.parameter) {
            act(rehearsal)
            return .done(200, rehearsal.report.json)
        }
        let (status, body) = one(request.parameter)
        return status == 200 ? .done(200, body) : .failure(status, Self.unknown(request.parameter))
    }

    // MARK: Beginning one

    private struct BadOrder: Error { var message: String }

    private func begin(_ request: AdminDoor.ActionRequest) -> AdminDoor.Outcome {
        let order: DrillOrder
        do throws(BadOrder) {
            order = try read(request)
        } catch {
            return .failure(400, error.message)
        }
        do throws(Gateway.DrillRefusal) {
            let rehearsal = try gateway.beginDrill(order)
            logger.notice(
                "drill begins",
                metadata: [
                    "drill": "\(order.id)", "route": "\(order.route)", "pulled": "\(order.candidate)",
                    "as": "\(order.cause.rawValue)", "by": "\(order.by)",
                ])
            return .done(201, rehearsal.report.json)
        } catch {
            return .failure(409, error.message)
        }
    }

    /// `{"route", "model": "provider/model", "as", "at_token", "cut",
    /// "load_rps", "seconds", "warm_up", "recovery"}`; the first two and `as`
    /// are needed.
    private func read(_ request: AdminDoor.ActionRequest) throws(BadOrder) -> DrillOrder {
        guard let root = try? JSONDocument(request.body).root, root.kind == .object else {
            throw BadOrder(message: #"Send {"route": …, "model": "provider/model", "as": …, "seconds": …}."#)
        }
        func text(_ name: StaticString, _ view: JSONView?) throws(BadOrder) -> String {
            guard let text = view?.string, !text.isEmpty else {
                throw BadOrder(message: "\"\(name)\" is needed, as text.")
            }
            return text
        }
        func seconds(_ name: StaticString, _ usual: Double, _ range: ClosedRange<Double>) throws(BadOrder) -> Duration {
            guard let view = root[name], !view.isNull else { return .seconds(usual) }
            guard let value = view.double, range.contains(value) else {
                throw BadOrder(message: "\"\(name)\" must be from \(range.lowerBound) to \(range.upperBound) seconds.")
            }
            return .seconds(value)
        }
        let route = try text("route", root["route"])
        let model: String
        if let view = root["model"], !view.isNull {
            model = try text("model", view)
        } else {
            let candidates = gateway.state.routes.routes.first { $0.name == route }?.candidates ?? []
            model = candidates.first?.id ?? "/"
        }
        let word = try text("as", root["as"])
        guard let cause = Cause(rawValue: word) else {
            let names = Cause.allCases.map(\.rawValue).joined(separator: ", ")
            throw BadOrder(message: "\"as\" is \"\(word.prefix(40))\"; it is one of \(names).")
        }
        let slash = model.firstIndex(of: "/") ?? model.endIndex
        var order = DrillOrder(
            id: Self.newID(), route: route, provider: String(model[..<slash]),
            model: String(model[slash...].dropFirst()), cause: cause,
            duration: try seconds("seconds", 60, 0.1...3600), by: request.who)
        order.warmUp = try seconds("warm_up", 5, 0...600)
        order.recovery = try seconds("recovery", 5, 0...600)
        if let view = root["at_token"], !view.isNull {
            guard let token = view.int, (1...100_000).contains(token) else {
                throw BadOrder(message: "\"at_token\" must be a number from 1 on.")
            }
            order.atToken = token
        }
        if let view = root["cut"], !view.isNull {
            guard let flag = view.bool else { throw BadOrder(message: "\"cut\" must be true or false.") }
            order.cuts = flag
        }
        if let view = root["load_rps"], !view.isNull {
            guard let rate = view.double, rate > 0, rate <= 1000 else {
                throw BadOrder(message: "\"load_rps\" must be more than 0 and at most 1000 requests a second.")
            }
            order.rate = rate
        }
        return order
    }

    private static func newID() -> String {
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
        return "d_" + String((0..<10).map { _ in alphabet.randomElement()! })
    }
}
