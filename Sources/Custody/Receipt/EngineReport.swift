import NIOCore
import Wire

/// The launcher's report about itself, written after it has confined itself and loaded its model, and before it can
/// receive requests. Resources/confinement.py of EngineHost writes it.
package struct EngineReport: Sendable {
    /// The protections that the launcher has set up, by name.
    var protections: [String: (held: Bool, how: String)] = [:]
    var maps: String?
    var status: String?
    var limits: String?
    /// `net:[4026531840]`
    var network: String?

    /// A report that can't be read says nothing.
    package init(_ line: [UInt8]) {
        guard let root = try? JSONDocument(ByteBuffer(bytes: line)).root, root.kind == .object else { return }
        maps = root["maps"]?.string
        status = root["status"]?.string
        limits = root["limits"]?.string
        network = root["network"]?.string
        guard let told = root["protections"], told.kind == .object else { return }
        for member in told.members {
            guard let name = member.name.string, let held = member.value["held"]?.bool else { continue }
            protections[name] = (held, String((member.value["how"]?.string ?? "").prefix(200)))
        }
    }
}
