import AdminAPI
import ArgumentParser
import Encodings
import HoldfastServer
import Routing
import Settings
import Storage
import StorageSQLite
import Veto

/// `holdfast standards`
struct StandardsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "standards",
        abstract: "What models must satisfy to serve, and whether they do: the auditor's table.",
        discussion: """
            Of a running Holdfast it shows the judgements of the last seconds. Where none runs, it
            shows what files can tell: documents, advisories, drills and retirements; the rest is
            unknown.

            Exit codes: 0 if every standard is met or unknown, 1 if one is breached.

              holdfast standards
              holdfast standards --json | jq '.standards[] | select(.verdict != "met")'
            """)

    @Flag(help: "Print JSON, for programs.")
    var json = false
    @OptionGroup var server: ServerOption

    func run() async throws {
        let view: StandardsView
        if server.effective() != nil {
            view = try await server.running().get(AdminPath.standards, as: StandardsView.self)
        } else {
            view = try OfflineStandards(settings: try server.loadSettings()).view()
        }
        if json {
            print(String(decoding: try AdminJSON.encode(view), as: UTF8.self))
        } else {
            print(StandardsText(view).text)
        }
        if view.standards.contains(where: { $0.verdict == .breached }) { throw ExitCode(1) }
    }
}

/// The auditor's table, for people.
struct StandardsText {
    let view: StandardsView

    init(_ view: StandardsView) { self.view = view }

    private static let head = ["STANDARD", "SUBJECT", "VERDICT", "AGE", "BREACH", "RETURN", "EVIDENCE"]

    var text: String {
        guard let file = view.file else {
            return "There are no standards: `standards: standards.yaml` in the settings names their file."
        }
        guard !view.standards.isEmpty else {
            return view.judged == nil && view.standards.isEmpty
                ? "\(file) has not been judged yet." : "\(file) has no standard about anything that is here."
        }
        return Table(rows: [Self.head] + view.standards.map(Self.row)).text
    }

    private static func row(_ standard: StandardView) -> [String] {
        var verdict = standard.verdict.rawValue
        if let suspension = standard.suspension { verdict += " (\(suspension), \(standard.phase ?? "suspended"))" }
        var returns = "-"
        if standard.breach != "warn" {
            returns = standard.steady.map { "\(standard.returns) after \(age($0))" } ?? standard.returns
        }
        return [
            standard.id, standard.subject, verdict, age(standard.age),
            standard.grace > 0 && standard.breach != "warn"
                ? "\(standard.breach) after \(age(standard.grace))" : standard.breach, returns, standard.evidence,
        ]
    }

    /// `45s`, `5m`, `3h`, `12d`
    private static func age(_ seconds: Int) -> String {
        switch seconds {
        case ..<120: "\(seconds)s"
        case ..<7200: "\(seconds / 60)m"
        case ..<172_800: "\(seconds / 3600)h"
        default: "\(seconds / 86_400)d"
        }
    }
}

/// The standards as far as files can tell, where no server runs.
struct OfflineStandards {
    let settings: Settings

    /// - Throws: an exit code, once the reason has been printed.
    func view() throws -> StandardsView {
        guard let path = settings.standardsFile else { return StandardsView([], file: nil, judged: nil) }
        let now = SystemClock.seconds()
        let file = try standards(path)
        let routes = settings.routes.map { route in
            StandardSituation.Route(
                name: route.name,
                candidates: route.candidates.map { candidate in
                    .init(subject(candidate.id, candidate.provider, candidate.lab, candidate.host, candidate.region))
                })
        }
        let drills = drills()
        let views = file.standards.flatMap { standard in
            standard.scopes(in: routes).map { scope in
                StandardView(standard, scope, verdict(standard, scope, routes, drills, now), at: now)
            }
        }
        return StandardsView(views, file: path, judged: now)
    }

    private func standards(_ path: String) throws -> StandardsFile {
        do {
            let (file, problems) = try StandardsFile.load(path, in: StandardsHouse(settings))
            for problem in problems { complain(problem.description) }
            if let file { return file }
            throw ExitStatus.config.exit
        } catch let exit as ExitCode {
            throw exit
        } catch {
            complain("holdfast: \(error)")
            throw ExitStatus.noInput.exit
        }
    }

    private func subject(
        _ id: String, _ provider: String, _ lab: String?, _ host: String?, _ region: String?
    ) -> SuspensionSubject {
        var subject = SuspensionSubject(id: id, lab: lab, host: host, region: region)
        if let own = settings.providers.first(where: { $0.name == provider }), case .engine = own.kind {
            subject.weights = provider
        }
        return subject
    }

    /// - Returns: nil where the storage can't be read.
    private func drills() -> [DrillFacts]? {
        guard let reader = try? SQLiteReader(directory: settings.dataDirectory),
            let reports = try? reader.drills(limit: 1000)
        else { return nil }
        return reports.compactMap { report in
            (try? AdminJSON.decode(DrillView.self, from: report.utf8)).flatMap { DrillFacts($0) }
        }
    }

    private func verdict(
        _ standard: Standard, _ scope: SuspendedScope, _ routes: [StandardSituation.Route], _ drills: [DrillFacts]?,
        _ now: Int
    ) -> StandardVerdict {
        let members = routes.flatMap { route in
            route.candidates.map(\.subject).filter { scope == .route(route.name) || scope.covers($0) }
        }
        func ofDrills(_ judge: ([DrillFacts]) -> StandardVerdict) -> StandardVerdict {
            guard let drills else { return StandardVerdict(.unknown, "no record of drills can be read", seen: now) }
            return judge(drills)
        }
        switch standard.check {
        case .document(let document):
            return StandardRules.document(document, FileEvidence.document(document), at: now)
        case .advisory(let feed):
            guard case .file(let path) = feed.source else { break }
            let facts = FileEvidence.advisories(path, at: now)
            return StandardVerdict.all(
                of: members.map { member in
                    var packages = AdvisoryPackage.ofModel(member.id) + feed.packages
                    if member.weights != nil, let engine = EnginePackage.installed { packages.append(engine) }
                    return (member.id, StandardRules.advisory(facts, about: packages, at: now))
                }, at: now)
        case .drill(let within):
            return ofDrills { drills in
                let isOfRoute = if case .route = scope { true } else { false }
                let names = routes.filter { route in
                    scope == .route(route.name) || route.candidates.contains { scope.covers($0.subject) }
                }.map(\.name)
                let own = drills.filter { drill in
                    names.contains(drill.route) && (isOfRoute || members.contains { $0.id == drill.pulled })
                }
                return StandardRules.drill(own, within: within, at: now)
            }
        case .retirement(let within):
            return ofDrills { drills in
                StandardVerdict.all(
                    of: Set(members.map(\.id)).sorted().map { id in
                        (
                            id,
                            StandardRules.retirement(
                                of: id, retirement(id, routes), drills: drills, within: within, at: now)
                        )
                    }, at: now)
            }
        case .weights, .custodyReceipt, .custodyEpoch, .supervisor, .extractionGuard, .engine, .availability, .canary:
            break
        }
        return StandardVerdict(.unknown, "only a running Holdfast can tell", seen: now)
    }

    private func retirement(_ id: String, _ routes: [StandardSituation.Route]) -> RetirementFacts? {
        let candidate = settings.routes.lazy.flatMap(\.candidates).first { $0.id == id && $0.retires != nil }
        guard let candidate, let retires = candidate.retires else { return nil }
        var successors: Set<String> = []
        if let successor = candidate.successor {
            successors =
                successor.contains("/")
                ? [successor]
                : Set(routes.filter { $0.name == successor }.flatMap(\.candidates).map(\.subject.id))
        }
        return RetirementFacts(retires: retires, successor: candidate.successor, successors: successors)
    }
}
