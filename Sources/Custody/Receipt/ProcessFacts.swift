import Glibc

/// The kernel's facts about an engine's process.
struct ProcessFacts {
    /// The process that read the facts.
    enum Witness: String, Sendable {
        /// The gateway, in /proc.
        case gateway = "observed"
        /// The engine itself, where the gateway may not look into it.
        case engine = "self-reported"
    }

    var witness: Witness
    var mappings: [MemoryMapping]
    private var status: [Substring: Substring]
    private var limits: String
    var network: String?
    /// The interfaces of its network namespace; nil if unknown.
    var interfaces: [String]?
    /// True if other processes of its user can read its memory; nil if unknown.
    var isDumpable: Bool?

    /// Reads /proc directly if it is allowed to, and takes the report otherwise.
    ///
    /// - Throws: ``CustodyProblem`` if neither is available.
    init(process: Int32, report: EngineReport?) throws(CustodyProblem) {
        let folder = "/proc/\(process)"
        if let maps = ProcFile.read(folder + "/maps", limit: 16 << 20), !maps.isEmpty {
            witness = .gateway
            mappings = MemoryMapping.all(in: maps)
            status = Self.fields(ProcFile.read(folder + "/status", limit: 64 << 10) ?? "")
            limits = ProcFile.read(folder + "/limits", limit: 64 << 10) ?? ""
            network = Self.link(folder + "/ns/net")
            interfaces = ProcFile.read(folder + "/net/dev", limit: 64 << 10).map(Self.interfaces)
            var facts = stat()
            // proc(5): such files are root's while a process isn't dumpable.
            if stat(folder + "/environ", &facts) == 0, user != 0 { isDumpable = facts.st_uid != 0 }
        } else if let report, let maps = report.maps {
            witness = .engine
            mappings = MemoryMapping.all(in: maps)
            status = Self.fields(report.status ?? "")
            limits = report.limits ?? ""
            network = report.network
        } else {
            throw CustodyProblem(
                .engine, "nothing can be known of the engine's process \(process)",
                remedy: "mount /proc so that this user can read it, or use Holdfast's own launcher")
        }
    }

    static func link(_ path: String) -> String? {
        var target = [CChar](repeating: 0, count: 256)
        let count = readlink(path, &target, target.count)
        guard count > 0 else { return nil }
        return String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func fields(_ text: String) -> [Substring: Substring] {
        var fields: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[colon...].dropFirst().drop { $0 == " " || $0 == "\t" }
        }
        return fields
    }

    private static func interfaces(_ text: String) -> [String] {
        text.split(separator: "\n").dropFirst(2).compactMap { line in
            line.split(separator: ":").first.map { $0.trimmed }
        }
    }

    // MARK: What the status says

    var hasStatus: Bool { !status.isEmpty }
    /// The effective user.
    var user: UInt32? { status["Uid"]?.split(separator: "\t").dropFirst().first.flatMap { UInt32($0) } }
    var hasNoNewPrivileges: Bool { status["NoNewPrivs"] == "1" }
    var isFiltered: Bool { status["Seccomp"] == "2" }
    var hasNoCapabilities: Bool { status["CapEff"].map { $0.allSatisfy { $0 == "0" } } ?? false }
    /// The process that traces the engine as a debugger; nil if there is none.
    var tracer: Int32? { status["TracerPid"].flatMap { Int32($0) }.flatMap { $0 == 0 ? nil : $0 } }
    /// In KiB.
    var locked: UInt64 { status["VmLck"]?.split(separator: " ").first.flatMap { UInt64($0) } ?? 0 }

    /// Neither now nor ever: the hard limit is zero, too.
    var dumpsNoCore: Bool {
        limits.split(separator: "\n").contains { line in
            line.hasPrefix("Max core file size")
                && line.dropFirst(18).split(separator: " ").prefix(2).elementsEqual(["0", "0"])
        }
    }
}
