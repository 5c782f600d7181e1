/// A witness's answer (C2SP tlog-witness, "add-checkpoint"): a status, and for two statuses a body that has a meaning.
package enum WitnessAnswer: Sendable, Hashable {
    /// The checkpoint is cosigned; `line` is the witness's signature line.
    case cosigned(Checkpoint, line: String)
    /// The request is not valid.
    case malformed(String)
    /// No log of the witness's, or not by one of its keys.
    case unsigned(String)
    case unknownLog(String)
    /// The old size is not the one that was cosigned last, which is this.
    case otherSize(UInt64)
    /// The log contradicts what it said before, or its proof doesn't show
    /// that it doesn't.
    case inconsistent(String)

    package var status: Int {
        switch self {
        case .cosigned: 200
        case .malformed: 400
        case .unsigned: 403
        case .unknownLog: 404
        case .otherSize: 409
        case .inconsistent: 422
        }
    }

    package static let sizeType = "text/x.tlog.size"

    package var contentType: String {
        if case .otherSize = self { return Self.sizeType }
        return "text/plain; charset=utf-8"
    }

    package var body: String {
        switch self {
        case .cosigned(_, let line): line
        case .otherSize(let size): "\(size)\n"
        case .malformed(let why), .unsigned(let why), .unknownLog(let why), .inconsistent(let why): "\(why)\n"
        }
    }
}
