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
        shape: Shape? = nil, transports: Set<Symptom.Transport> = [], isEither: Bool = false
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
        self.isEither = isEither
    }

    func matches(_ reading: Reading) -> Bool {
        if !positions.isEmpty, !positions.contains(reading.position) { return false }
        if !statuses.isEmpty, !statuses.contains(where: { $0.contains(reading.status) }) { return false }
        if !transports.isEmpty {
            guard let transport = reading.transport, transports.contains(transport) else { return false }
        }
        if let shape, shape != reading.shape { return false }
        if isEither {
            guard has(codes, reading) || says(words, reading) else { return false }
        } else {
            if !codes.isEmpty, !has(codes, reading) { return false }
            if !words.isEmpty, !says(words, reading) { return false }
        }
        if !alsoWords.isEmpty, !says(alsoWords, reading) { return false }
        return !says(unless, reading) && !has(unlessCodes, reading)
    }

    private func has(_ codes: Set<String>, _ reading: Reading) -> Bool {
        reading.codes.contains(where: codes.contains)
    }

    private func says(_ words: [String], _ reading: Reading) -> Bool {
        words.contains { reading.says($0) }
    }
}
