import Encodings
import HoldfastServer
import Access
import ArgumentParser
import Availability
import Drills
import NIOCore
import Routing
import Settings
import Storage
import StorageSQLite
import Wire

/// `holdfast exposure`
struct ExposureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exposure", abstract: "Who would take what down: concentration and single points of failure.",
        discussion: """
            Real traffic by host, lab, region and key custodian, how many equal ones would be as \
            concentrated, and what all candidates of a route have in common. `lab`, `host`, `region` \
            and `key_custodian` of the settings' providers say who is who.

            Example: holdfast exposure --days 30
            """)

    @OptionGroup var config: ConfigOption
    @Option(help: "How many days of traffic.") var days = 30
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if !(1...400).contains(days) { throw ValidationError("--days must be from 1 to 400") }
    }

    func run() throws {
        let settings = try config.load(warns: false)
        let minute = Int(UnixTime.now.seconds) / 60 + 1
        let period = Period(start: (minute - days * 1440) * 60, minutes: days * 1440)
        let traffic: [History]
        let drills: [String]
        do throws(StorageError) {
            let reader = try SQLiteReader(directory: settings.dataDirectory)
            let histories = History.gathered(period, try reader.counts(period.hours))
            traffic = histories.compactMap { if case .route = $0.key { $0.value } else { nil } }
            drills = try reader.drills(limit: 1000)
        } catch {
            complain("holdfast: \(error.message)")
            throw ExitStatus.noInput.exit
        }
        var terms = MonthReport.Terms()
        for provider in settings.providers { terms.placements[provider.name] = Placement(provider) }
        let lastDrills = Self.lastDrills(drills)
        let routes = settings.routes.map { route in
            Exposure.Route(
                name: route.name, candidates: route.relied.map { ($0.id, terms.placement($0.id)) },
                lastDrill: lastDrills[route.name])
        }
        let exposure = Exposure(routes, traffic: traffic, terms: terms)
        print(json ? ExposureText(exposure, days).json : ExposureText(exposure, days).text)
    }

    /// - Parameter reports: newest first.
    private static func lastDrills(_ reports: [String]) -> [String: (time: Int, candidate: String, verdict: String)] {
        var last: [String: (time: Int, candidate: String, verdict: String)] = [:]
        for report in reports {
            guard let root = try? JSONDocument(ByteBuffer(string: report)).root, let route = root["route"]?.string,
                last[route] == nil, let started = root["started"]?.int
            else { continue }
            last[route] = (started, root["pulled"]?.string ?? "", root["verdict"]?.string ?? "")
        }
        return last
    }
}

extension Route {
    /// The candidates that can actually serve the route: not those that are skipped because they have no key, nor those
    /// that may not substitute for others.
    fileprivate var relied: [Candidate] {
        candidates.enumerated().filter { place, candidate in
            guard candidate.unavailable == nil else { return false }
            guard policy.order == .ordered, place > 0, let by = policy.substitution.by else { return true }
            return by.contains(candidate.id)
        }.map(\.element)
    }
}

/// An exposure, for people and for machines.
struct ExposureText {
    private let exposure: Exposure
    private let days: Int

    init(_ exposure: Exposure, _ days: Int) {
        self.exposure = exposure
        self.days = days
    }

    var text: String {
        var text = "Single points of failure\n"
        if exposure.singlePoints.isEmpty { text += "  none that the settings show\n" }
        for point in exposure.singlePoints {
            text +=
                "  \(Self.list(point.routes)) \(point.routes.count == 1 ? "ends" : "end") on one "
                + "\(point.dimension.word): \(point.name)\n"
        }
        text += "\nTraffic of \(days) day\(days == 1 ? "" : "s"), by who answered\n"
        var rows = [["BY", "EFFECTIVE NUMBER", "HHI", "SHARES"]]
        for concentration in exposure.concentrations {
            let total = Double(max(1, concentration.total))
            rows.append([
                concentration.dimension.word,
                concentration.effectiveNumber.map { Figures.decimals($0, 2) } ?? "-",
                concentration.index.map { Figures.decimals($0, 4) } ?? "-",
                concentration.shares.prefix(6).map {
                    "\($0.name) \(Figures.decimals(Double($0.requests) / total * 100, 1)) %"
                }.joined(separator: ", "),
            ])
        }
        text += Table(rows: rows, indent: 2).text + "\n\nDrills\n"
        rows = [["ROUTE", "CANDIDATES", "LAST DRILLED", "PULLED", "VERDICT"]]
        for route in exposure.routes {
            rows.append([
                route.name, route.candidates.map(\.service).joined(separator: ", "),
                route.lastDrill.map { UnixTime(seconds: Int64($0.time)).description } ?? "never",
                route.lastDrill?.candidate ?? "", route.lastDrill?.verdict ?? "",
            ])
        }
        text += exposure.routes.isEmpty ? "  there are no routes" : Table(rows: rows, indent: 2).text
        let unknown = exposure.unknown.sorted { $0.key.rawValue < $1.key.rawValue }
        for (dimension, services) in unknown {
            text +=
                "\n\(unknown.first?.key == dimension ? "\n" : "")Not said in the settings: the \(dimension.word) of "
                + "\(Self.list(services))"
        }
        return text
    }

    /// `a`, `a and b`, `a, b and c`
    private static func list(_ names: [String]) -> String {
        names.count < 2 ? names.joined() : "\(names.dropLast().joined(separator: ", ")) and \(names.last!)"
    }

    var json: String {
        var json = JSONWriter()
        json.object { json in
            json.member("days", days)
            json.array("single_points") { json in
                for point in exposure.singlePoints {
                    json.object { json in
                        json.member("by", point.dimension.rawValue)
                        json.member("name", point.name)
                        json.array("routes") { json in for route in point.routes { json.value(route) } }
                    }
                }
            }
            json.array("concentration") { json in
                for concentration in exposure.concentrations {
                    json.object { json in
                        json.member("by", concentration.dimension.rawValue)
                        json.member("requests", concentration.total)
                        json.member("hhi", ifPresent: concentration.index)
                        json.member("effective_number", ifPresent: concentration.effectiveNumber)
                        json.array("shares") { json in
                            for (name, requests) in concentration.shares {
                                json.object { json in
                                    json.member("name", name)
                                    json.member("requests", requests)
                                }
                            }
                        }
                    }
                }
            }
            json.array("routes") { json in
                for route in exposure.routes {
                    json.object { json in
                        json.member("route", route.name)
                        json.array("candidates") { json in for one in route.candidates { json.value(one.service) } }
                        if let drill = route.lastDrill {
                            json.object("last_drill") { json in
                                json.member("started", UnixTime(seconds: Int64(drill.time)).description)
                                json.member("candidate", drill.candidate)
                                json.member("verdict", drill.verdict)
                            }
                        }
                    }
                }
            }
        }
        return String(buffer: json.buffer)
    }
}
