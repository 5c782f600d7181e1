/// One line of the classifier's table: if a failure looks like this, it
/// means that.
///
/// All that a rule names must hold; of each list one entry is enough. Words
/// and codes are compared in lower case.
struct Rule: Sendable {
    var id: String
    var positions: Set<Symptom.Position> = []
    var statuses: [ClosedRange<Int>] = []
    /// The provider's own words for programs: `type`, `code`, `status`,
    /// `__type`, an exception's name.
    var codes: Set<String> = []
    /// Pieces of the message.
    var words: [String] = []
    /// More pieces, of which one must stand there too.
    var alsoWords: [String] = []
    /// Pieces that must not stand there.
    var unless: [String] = []
    /// Codes that must not stand there.
    var unlessCodes: Set<String> = []
    var shape: Shape?
    var transports: Set<Symptom.Transport> = []
    /// The thing that the message says is gone; nil is any, or none.
    var subjects: Set<GoneSubject> = []
    /// Codes or words are enough.
    var isEither = false

    var cause: Cause
    var scope: Scope
    var evidence: Evidence?

    enum Shape: Sendable {
        case empty
        /// A page for people: a proxy's, a firewall's.
        case page
        /// Neither JSON nor a page: a load balancer's line, bytes.
        case text
        /// JSON without an error in it.
        case unreadable
        /// A whole answer that ends in a refusal.
        case refusal
    }

    init(
        _ id: String, _ cause: Cause, _ scope: Scope, _ evidence: Evidence? = nil,
        positions: Set<Symptom.Position> = [], statuses: [ClosedRange<Int>] = [], codes: Set<String> = [],
        words: [String] = [], alsoWords: [String] = [], unless: [String] = [], unlessCodes: Set<String> = [],
        shape: Shape? = nil, transports: Set<Symptom.Transport> = [], subjects: Set<GoneSubject> = [],
        isEither: Bool = false
    ) {
        self.id = id
        self.cause = cause
        self.scope = scope
        self.evidence = evidence
        self.positions = positions
        self.statuses = statuses
        self.codes = codes
        self.words = words
        self.alsoWords = alsoWords
        self.unless = unless
        self.unlessCodes = unlessCodes
        self.shape = shape
        self.transports = transports
        self.subjects = subjects
        self.isEither = isEither
    }

    /// The reason why a failure looks like this.
    struct Match {
        var basis: Verdict.Basis
        /// The pieces of the message that spoke for it.
        var words: [String] = []
    }

    /// - Returns: nil where the failure doesn't look like this.
    func match(_ reading: Reading) -> Match? {
        if !positions.isEmpty, !positions.contains(reading.position) { return nil }
        if !statuses.isEmpty, !statuses.contains(where: { $0.contains(reading.status) }) { return nil }
        if !transports.isEmpty {
            guard let transport = reading.transport, transports.contains(transport) else { return nil }
        }
        if let shape, shape != reading.shape { return nil }
        let hasCode = reading.codes.contains(where: codes.contains)
        let said = words.first { reading.says($0) }
        if isEither {
            guard hasCode || said != nil else { return nil }
        } else {
            guard codes.isEmpty || hasCode, words.isEmpty || said != nil else { return nil }
        }
        let alsoSaid = alsoWords.first { reading.says($0) }
        guard alsoWords.isEmpty || alsoSaid != nil else { return nil }
        if unless.contains(where: { reading.says($0) }) || reading.codes.contains(where: unlessCodes.contains) {
            return nil
        }
        if !subjects.isEmpty, !subjects.contains(reading.goneSubject) { return nil }
        // Where words have to be there, they decide, whatever else must be.
        if hasCode, isEither || words.isEmpty, alsoSaid == nil { return Match(basis: .code) }
        if said != nil || alsoSaid != nil { return Match(basis: .words, words: [said, alsoSaid].compactMap { $0 }) }
        return Match(basis: transports.isEmpty ? .status : .transport)
    }
}
