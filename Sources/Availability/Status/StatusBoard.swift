package import NIOCore
import Wire

/// The public status: the routes, models and hosts that serve at present, and those that don't.
package struct StatusBoard: Sendable {
    /// As Atlassian's Statuspage calls it, which status aggregators read.
    package enum State: String, Sendable, Hashable, Comparable {
        case operational
        case degraded = "degraded_performance"
        case partial = "partial_outage"
        case major = "major_outage"

        private var rank: Int {
            switch self {
            case .operational: 0
            case .degraded: 1
            case .partial: 2
            case .major: 3
            }
        }

        package static func < (left: State, right: State) -> Bool { left.rank < right.rank }

        /// For people.
        var words: String {
            switch self {
            case .operational: "operational"
            case .degraded: "degraded"
            case .partial: "partial outage"
            case .major: "outage"
            }
        }
    }

    package enum Group: String, Sendable, Hashable, CaseIterable {
        case routes = "Routes"
        case models = "Models"
        case hosts = "Hosts"
    }

    package struct Component: Sendable, Hashable {
        package var group: Group
        package var name: String
        package var state: State
        /// In a few words, why it isn't operational.
        package var detail: String

        package init(group: Group, name: String, state: State, detail: String = "") {
            self.group = group
            self.name = name
            self.state = state
            self.detail = detail
        }

        /// The same for the same component, also after a restart.
        package var id: String { "\(group.rawValue.lowercased())-\(name)" }
    }

    /// Something that goes on.
    package struct Incident: Sendable, Hashable {
        package var id: String
        package var name: String
        /// Seconds since 1970.
        package var since: Int
        package var components: [String]

        package init(id: String, name: String, since: Int, components: [String]) {
            self.id = id
            self.name = name
            self.since = since
            self.components = components
        }
    }

    package var title: String
    package var components: [Component]
    package var incidents: [Incident]
    /// RFC 3339, of seconds since 1970.
    private let time: @Sendable (Int) -> String
    private let now: Int

    var updatedText: String { time(now) }
    func sinceText(_ incident: Incident) -> String { time(incident.since) }

    /// - Parameter time: RFC 3339 of seconds since 1970.
    package init(
        title: String, components: [Component], incidents: [Incident], now: Int,
        time: @escaping @Sendable (Int) -> String
    ) {
        self.title = title
        self.components = components
        self.incidents = incidents
        self.now = now
        self.time = time
    }

    /// The overall state as applications experience it: a model that is down while its routes still serve is minor.
    package var indicator: (name: String, words: String) {
        let routes = components.filter { $0.group == .routes }.map(\.state)
        if !routes.isEmpty, routes.allSatisfy({ $0 == .major }) { return ("critical", "All routes are out of service") }
        if routes.contains(.major) { return ("major", "Some routes are out of service") }
        if components.contains(where: { $0.state != .operational }) {
            return ("minor", "Every route serves; some of what stands behind them does not")
        }
        return ("none", "All systems operational")
    }

    // MARK: Statuspage's summary (its API v2, `/api/v2/summary.json`)

    package var json: ByteBuffer {
        var json = JSONWriter()
        let updated = time(now)
        json.object { json in
            json.object("page") { json in
                json.member("id", "holdfast")
                json.member("name", title)
                json.member("time_zone", "Etc/UTC")
                json.member("updated_at", updated)
            }
            json.array("components") { json in
                for (position, group) in Group.allCases.enumerated() {
                    let members = components.filter { $0.group == group }
                    guard !members.isEmpty else { continue }
                    write(group, members, at: position + 1, updated, &json)
                    for (position, member) in members.enumerated() { write(member, at: position + 1, updated, &json) }
                }
            }
            json.array("incidents") { json in
                for incident in incidents { write(incident, updated, &json) }
            }
            json.array("scheduled_maintenances") { _ in }
            json.object("status") { json in
                json.member("indicator", indicator.name)
                json.member("description", indicator.words)
            }
        }
        return json.buffer
    }

    private func write(
        _ group: Group, _ members: [Component], at position: Int, _ updated: String, _ json: inout JSONWriter
    ) {
        json.object { json in
            json.member("id", group.rawValue.lowercased())
            json.member("name", group.rawValue)
            json.member("status", (members.map(\.state).max() ?? .operational).rawValue)
            json.member("updated_at", updated)
            json.member("position", position)
            json.null("description")
            json.member("group", true)
            json.null("group_id")
            json.member("page_id", "holdfast")
            json.array("components") { json in for member in members { json.value(member.id) } }
        }
    }

    private func write(_ member: Component, at position: Int, _ updated: String, _ json: inout JSONWriter) {
        json.object { json in
            json.member("id", member.id)
            json.member("name", member.name)
            json.member("status", member.state.rawValue)
            json.member("updated_at", updated)
            json.member("position", position)
            if member.detail.isEmpty { json.null("description") } else { json.member("description", member.detail) }
            json.member("group", false)
            json.member("group_id", member.group.rawValue.lowercased())
            json.member("page_id", "holdfast")
        }
    }

    private func write(_ incident: Incident, _ updated: String, _ json: inout JSONWriter) {
        json.object { json in
            json.member("id", incident.id)
            json.member("name", incident.name)
            json.member("status", "identified")
            json.member("impact", indicator.name)
            json.member("created_at", time(incident.since))
            json.member("started_at", time(incident.since))
            json.member("updated_at", updated)
            json.null("resolved_at")
            json.array("incident_updates") { _ in }
            json.array("components") { json in
                for id in incident.components { json.object { $0.member("id", id) } }
            }
        }
    }
}
