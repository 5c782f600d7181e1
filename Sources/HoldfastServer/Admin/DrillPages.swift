import AdminAPI
import Drills
import Failures
import FrontDoor
import Gateway
import Logging
import NIOCore
import Routing
import Storage

/// The administrators' resources for drills.
struct DrillPages {
    let gateway: Gateway
    let reports: any DrillReports
    let logger: Logger

    var pages: [AdminDoor.Page] {
        [
            AdminDoor.Page(AdminPath.drills) { await list() },
            AdminDoor.Page(AdminPath.anyDrill, ofEach: { await one($0) }),
        ]
    }

    var actions: [AdminDoor.Action] {
        [
            AdminDoor.Action(AdminPath.drills) { begin($0) },
            AdminDoor.Action(AdminPath.renewAnyDrill) { request in
                await with(request) { $0.renew() }
            },
            AdminDoor.Action(AdminPath.endAnyDrill) { request in
                await with(request) { $0.stop() }
            },
        ]
    }

    /// The number of past drills in the list.
    private static let mostListed = 100

    private func list() async -> (status: Int, bytes: ByteBuffer) {
        do throws(StorageError) {
            let past = try await reports.drills(limit: Self.mostListed)
            return ByteBuffer.view(
                DrillsView(
                    running: gateway.drills.all.compactMap { DrillView($0.report) },
                    past: past.compactMap { DrillView(json: $0.report.utf8) }))
        } catch {
            return (503, AdminDoor.problem(error.message))
        }
    }

    private func one(_ id: String) async -> (status: Int, bytes: ByteBuffer) {
        if let rehearsal = gateway.drills.rehearsal(id: id) { return (200, rehearsal.report.json) }
        do throws(StorageError) {
            guard let drill = try await reports.drill(id) else { return (404, AdminDoor.problem(Self.unknown(id))) }
            return (200, ByteBuffer(string: drill.report))
        } catch {
            return (503, AdminDoor.problem(error.message))
        }
    }

    private static func unknown(_ id: String) -> String {
        "There is no drill \"\(id.prefix(64))\"; GET \(AdminPath.drills) lists them."
    }

    /// Acts on a drill; one that has just ended answers with its report.
    private func with(
        _ request: AdminDoor.ActionRequest, _ act: (Rehearsal) -> Void
    ) async -> AdminDoor.Outcome {
        if let rehearsal = gateway.drills.rehearsal(id: request.parameter) {
            act(rehearsal)
            return .done(200, rehearsal.report.json)
        }
        let (status, body) = await one(request.parameter)
        return status == 200 ? .done(200, body) : .failure(status, Self.unknown(request.parameter))
    }

    // MARK: Beginning one

    private func begin(_ request: AdminDoor.ActionRequest) -> AdminDoor.Outcome {
        let order: DrillOrder
        do throws(BadOrder) {
            order = try self.order(
                try request.order(
                    DrillOrderView.self,
                    usage: #"{"route": …, "model": "provider/model", "as": …, "seconds": …}"#), by: request.who)
        } catch {
            return .failure(400, error.message)
        }
        do throws(Gateway.DrillRefusal) {
            let rehearsal = try gateway.beginDrill(order)
            logger.notice(
                "drill begins",
                metadata: [
                    "drill": "\(order.id)", "route": "\(order.route)", "pulled": "\(order.pulled)",
                    "as": "\(order.word)", "by": "\(order.by)",
                ])
            return .done(201, rehearsal.report.json)
        } catch {
            return .failure(409, error.message)
        }
    }

    private func order(_ view: DrillOrderView, by who: String) throws(BadOrder) -> DrillOrder {
        func seconds(
            _ name: String, _ value: Double?, usual: Double, _ range: ClosedRange<Double>
        ) throws(BadOrder) -> Duration {
            guard range.contains(value ?? usual) else {
                throw BadOrder("\"\(name)\" must be from \(range.lowerBound) to \(range.upperBound) seconds.")
            }
            return .seconds(value ?? usual)
        }
        guard !view.route.isEmpty else { throw BadOrder("\"route\" must name a route.") }
        let isOfSupervisor = view.as == DrillOrder.unsupervised
        guard let cause = isOfSupervisor ? .unreachable : Cause(rawValue: view.as) else {
            let names = (Cause.allCases.map(\.rawValue) + [DrillOrder.unsupervised]).joined(separator: ", ")
            throw BadOrder("\"as\" is \"\(view.as.prefix(40))\"; it is one of \(names).")
        }
        let first = gateway.state.routes.routes.first { $0.name == view.route }?.candidates.first
        let model = view.model ?? first?.id ?? "/"
        let slash = model.firstIndex(of: "/") ?? model.endIndex
        var order = DrillOrder(
            id: Self.newID(), route: view.route, provider: String(model[..<slash]),
            model: String(model[slash...].dropFirst()), cause: cause,
            duration: try seconds("seconds", view.seconds, usual: 60, 0.1...3600), by: who)
        if isOfSupervisor {
            guard view.model == nil, view.atToken == nil, view.cut != true else {
                throw BadOrder("\"unsupervised\" pulls the supervisor: without \"model\", \"at_token\" and \"cut\".")
            }
            order.faults = SupervisorFault.allCases
        }
        order.warmUp = try seconds("warm_up", view.warmUp, usual: 5, 0...600)
        order.recovery = try seconds("recovery", view.recovery, usual: 5, 0...600)
        if let token = view.atToken, !(1...100_000).contains(token) {
            throw BadOrder("\"at_token\" must be a number from 1 on.")
        }
        order.atToken = view.atToken
        order.cuts = view.cut ?? false
        if let rate = view.loadRps, !(rate > 0 && rate <= 1000) {
            throw BadOrder("\"load_rps\" must be more than 0 and at most 1000 requests a second.")
        }
        order.rate = view.loadRps
        return order
    }

    private static func newID() -> String {
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
        return "d_" + String((0..<10).compactMap { _ in alphabet.randomElement() })
    }
}

extension DrillView {
    /// Nil where the report was written by a version that said less.
    init?(json: some Sequence<UInt8>) {
        guard let view = try? AdminJSON.decode(DrillView.self, from: json) else { return nil }
        self = view
    }

    init?(_ report: DrillReport) { self.init(json: report.json.readableBytesView) }
}
