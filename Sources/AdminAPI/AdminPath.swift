/// The paths of the administrators' resources. In a pattern, `:id` represents one segment of the path.
package enum AdminPath {
    package static let models = "/admin/models"
    package static let routes = "/admin/routes"
    package static let holds = "/admin/holds"
    package static let drills = "/admin/drills"
    package static let sessions = "/admin/sessions"
    package static let disclosures = "/admin/disclosures"
    package static let forgiveDisclosures = "/admin/disclosures/forgive"
    package static let custody = "/admin/custody"
    package static let standards = "/admin/standards"
    package static let suspensions = "/admin/suspensions"
    package static let previewSuspensions = "/admin/suspensions/preview"
    package static let lookForSuspensions = "/admin/suspensions/look"

    package static let anySuspension = suspension(":id")
    package static let anyDrill = drill(":id")
    package static let renewAnyDrill = renewDrill(":id")
    package static let endAnyDrill = endDrill(":id")
    package static let restoreAnyHold = restoreHold(":id")
    package static let acknowledgeAnyHold = acknowledgeHold(":id")

    package static func suspension(_ id: String) -> String { "\(suspensions)/\(id)" }
    package static func drill(_ id: String) -> String { "\(drills)/\(id)" }
    package static func renewDrill(_ id: String) -> String { "\(drills)/\(id)/renew" }
    package static func endDrill(_ id: String) -> String { "\(drills)/\(id)/end" }
    package static func restoreHold(_ id: String) -> String { "\(holds)/\(id)/restore" }
    package static func acknowledgeHold(_ id: String) -> String { "\(holds)/\(id)/acknowledge" }
}

/// An answer that says no.
package struct RefusalView: Codable, Sendable, Hashable {
    package struct Error: Codable, Sendable, Hashable {
        package var message: String
    }

    package var error: Error

    package init(_ message: String) { error = Error(message: message) }
}
