import Crypto
import Encodings
import NIOCore
package import Veto
import Wire

/// An entry of the veto's record: something that has changed its state, with
/// the time and the machine's start at which the server took note of it.
///
/// The same bytes lie in the spool, in SQLite and, sealed, in the ledger. A
/// server that has all of them in their order has the same state.
package struct VetoRecord: Sendable, Hashable {
    package enum Content: Sendable, Hashable {
        /// The statement of version 1 of the roster, as it was read.
        case founding([UInt8])
        /// A statement that was taken, as it was read.
        /// - Parameter number: of an order's first suspension; nil for others.
        case statement([UInt8], number: Int?)
        /// A standard's order: the suspension's canonical record.
        case order([UInt8], number: Int)
        case green(number: Int)
        case gate(number: Int, GateResult)
        case overdue(number: Int)
        case lapsed(number: Int)
        case expired(number: Int)
        case replaced(version: Int)
        /// The identities of models in a suspension's scope as it began, by
        /// `provider/model`, for the gate.
        case models(number: Int, [String: String])
        /// A file of the spool that was refused, so that it isn't tried again at
        /// each start.
        /// - Parameter file: SHA-256 of its bytes, in hexadecimal digits.
        case refused(file: String, reason: String)
    }

    /// Counts from 1.
    package var position: Int
    package var time: VetoTime
    /// The id of the machine's start (`/proc/sys/kernel/random/boot_id`): ticks
    /// of two starts are never compared.
    package var boot: String
    package var content: Content
    /// The server's seal over all of the above, in hexadecimal digits; nil for
    /// one that nobody has sealed.
    package private(set) var seal: String?

    package init(position: Int, time: VetoTime, boot: String, content: Content) {
        self.position = position
        self.time = time
        self.boot = boot
        self.content = content
    }

    package func sealed(by key: VetoRecordKey) -> VetoRecord {
        var record = self
        record.seal = key.seal(bytes(withSeal: nil))
        return record
    }

    func isSealed(by key: VetoRecordKey) -> Bool {
        seal.map { key.isSeal($0, of: bytes(withSeal: nil)) } ?? false
    }

    // MARK: As bytes

    /// JSON of fixed member order, without white space.
    package var bytes: [UInt8] { bytes(withSeal: seal) }

    private func bytes(withSeal seal: String?) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("v", 1)
            json.member("position", position)
            json.member("wall", time.wall)
            json.member("tick", Int(clamping: time.boot))
            json.member("boot", boot)
            json.member("kind", kind)
            switch content {
            case .founding(let body): json.member("body", Base64.encode(body))
            case .statement(let body, let number):
                json.member("number", ifPresent: number)
                json.member("body", Base64.encode(body))
            case .order(let body, let number):
                json.member("number", number)
                json.member("body", Base64.encode(body))
            case .green(let number), .overdue(let number), .lapsed(let number), .expired(let number):
                json.member("number", number)
            case .replaced(let version): json.member("number", version)
            case .gate(let number, let result):
                json.member("number", number)
                switch result {
                case .share(let percent): json.member("percent", percent)
                case .whole: break
                case .failed(let reason): json.member("reason", reason)
                }
            case .models(let number, let models):
                json.member("number", number)
                json.array("models") { json in
                    for (model, identity) in models.sorted(by: { $0.key < $1.key }) {
                        json.object { json in
                            json.member("model", model)
                            json.member("identity", identity)
                        }
                    }
                }
            case .refused(let file, let reason):
                json.member("file", file)
                json.member("reason", reason)
            }
            json.member("seal", ifPresent: seal)
        }
        return Array(json.buffer.readableBytesView)
    }

    /// SHA-256 of ``bytes``, in hexadecimal digits: the entry's name.
    package var digest: String { Self.digest(of: bytes) }

    package static func digest(of bytes: [UInt8]) -> String { Hex.encode(SHA256.hash(data: bytes)) }

    private var kind: String {
        switch content {
        case .founding: "founding"
        case .statement: "statement"
        case .order: "order"
        case .green: "green"
        case .gate(_, .share): "gate-share"
        case .gate(_, .whole): "gate-whole"
        case .gate(_, .failed): "gate-failed"
        case .overdue: "overdue"
        case .lapsed: "lapsed"
        case .expired: "expired"
        case .replaced: "replaced"
        case .models: "models"
        case .refused: "refused"
        }
    }

    /// Reads an entry; only what ``bytes`` writes is one.
    /// - Returns: nil for anything else, also for an entry of a later version.
    package init?(_ bytes: [UInt8]) {
        guard let root = try? JSONDocument(ByteBuffer(bytes: bytes)).root, root.kind == .object,
            root["v"]?.int == 1, let position = root["position"]?.int, position > 0, let wall = root["wall"]?.int,
            let tick = root["tick"]?.int, tick >= 0, let boot = root["boot"]?.string,
            let content = Content(root)
        else { return nil }
        self.init(position: position, time: VetoTime(wall: wall, boot: UInt64(tick)), boot: boot, content: content)
        seal = root["seal"]?.string
        guard self.bytes == bytes else { return nil }
    }
}

extension VetoRecord.Content {
    fileprivate init?(_ root: JSONView) {
        let number = root["number"]?.int
        func body() -> [UInt8]? { root["body"]?.string.flatMap { Base64.decode($0) } }
        switch root["kind"]?.string {
        case "founding":
            guard let body = body() else { return nil }
            self = .founding(body)
        case "statement":
            guard let body = body() else { return nil }
            self = .statement(body, number: number)
        case "order":
            guard let body = body(), let number else { return nil }
            self = .order(body, number: number)
        case "models":
            guard let number, let elements = root["models"]?.elements else { return nil }
            var models: [String: String] = [:]
            for element in elements {
                guard let model = element["model"]?.string, let identity = element["identity"]?.string else {
                    return nil
                }
                models[model] = identity
            }
            self = .models(number: number, models)
        case "refused":
            guard let file = root["file"]?.string, let reason = root["reason"]?.string else { return nil }
            self = .refused(file: file, reason: reason)
        case let kind?:
            guard let number, let step = Self.step(kind, number, root) else { return nil }
            self = step
        case nil: return nil
        }
    }

    private static func step(_ kind: String, _ number: Int, _ root: JSONView) -> Self? {
        switch kind {
        case "green": .green(number: number)
        case "overdue": .overdue(number: number)
        case "lapsed": .lapsed(number: number)
        case "expired": .expired(number: number)
        case "replaced": .replaced(version: number)
        case "gate-share": root["percent"]?.int.map { .gate(number: number, .share(percent: $0)) }
        case "gate-whole": .gate(number: number, .whole)
        case "gate-failed": root["reason"]?.string.map { .gate(number: number, .failed(reason: $0)) }
        default: nil
        }
    }
}
