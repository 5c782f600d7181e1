/// The condition of a standard, with its parameters. Times are in seconds.
package enum StandardCheck: Sendable, Hashable {
    /// The weights in memory are those that were verified, and no start was
    /// refused because of them.
    case weights
    /// An engine has a custody receipt that is complete: no protection is
    /// missing, scrubbing covers all of the weights.
    /// - Parameter within: the greatest age of the receipt; nil is any.
    case custodyReceipt(within: Int?)
    /// The epoch of the receipt is the one of the newest custody statement.
    case custodyEpoch
    /// The supervisor gives verdicts, and depends on no model that it stands
    /// over. Met where nothing is supervised.
    case supervisor
    /// The limits to what a hosted model tells of itself are in force.
    case extractionGuard
    /// The engine is ready, and has not been restarted too often.
    /// - Parameters:
    ///   - restarts: the most restarts within `over`.
    ///   - over: the time that is looked at.
    case engine(restarts: Int, over: Int)
    /// A drill of the cut-over has passed.
    case drill(within: Int)
    /// Requests are answered.
    /// - Parameters:
    ///   - floor: the least part of one that must be answered.
    ///   - over: the time that is looked at.
    ///   - least: the fewest requests that say anything.
    case availability(floor: Double, over: Int, least: Int)
    /// A document is on file and not past its date.
    case document(StandardDocument)
    /// No open entry of an advisory file is about it.
    case advisory(AdvisoryFeed)
    /// No retirement is announced within that time without a successor whose
    /// cut-over has been drilled.
    case retirement(within: Int)
    /// A question of Holdfast's own is answered as expected.
    case canary(Canary)

    /// The word for it in `standards.yaml`.
    package enum Kind: String, Sendable, CaseIterable {
        case weights
        case custodyReceipt = "custody-receipt"
        case custodyEpoch = "custody-epoch"
        case supervisor
        case extractionGuard = "extraction-guard"
        case engine, drill, availability, document, advisory, retirement, canary
    }

    package var kind: Kind {
        switch self {
        case .weights: .weights
        case .custodyReceipt: .custodyReceipt
        case .custodyEpoch: .custodyEpoch
        case .supervisor: .supervisor
        case .extractionGuard: .extractionGuard
        case .engine: .engine
        case .drill: .drill
        case .availability: .availability
        case .document: .document
        case .advisory: .advisory
        case .retirement: .retirement
        case .canary: .canary
        }
    }

    package var usualTerms: Standard.Terms { kind.usualTerms }

    /// True where no suspension may follow from it: a feed by URL without a
    /// pinned signature.
    package var mayOnlyWarn: Bool {
        guard case .advisory(let feed) = self, case .url(_, key: nil) = feed.source else { return false }
        return true
    }
}

extension StandardCheck.Kind {
    /// The terms unless the file says others: what may be tampering, and a
    /// canary that was missed, needs people.
    package var usualTerms: Standard.Terms {
        switch self {
        case .weights, .custodyEpoch, .canary: .init(grace: 0, comesBack: .people)
        case .engine: .init(grace: 30, comesBack: .byItself)
        case .custodyReceipt, .supervisor, .availability: .init(grace: 60, comesBack: .byItself)
        case .extractionGuard, .drill, .document, .advisory, .retirement: .init(grace: 0, comesBack: .byItself)
        }
    }

    /// The reason code of a suspension that follows from it.
    var reason: SuspensionReason.Code {
        switch self {
        case .weights, .custodyReceipt, .custodyEpoch, .supervisor, .extractionGuard, .advisory: .security
        case .engine, .drill, .availability, .retirement, .canary: .quality
        case .document: .other
        }
    }

    /// True where it can only be about models that Holdfast hosts itself.
    package var isOfHostedModels: Bool {
        switch self {
        case .weights, .custodyReceipt, .custodyEpoch, .extractionGuard, .engine: true
        case .supervisor, .drill, .availability, .document, .advisory, .retirement, .canary: false
        }
    }

    /// True where its evidence comes from requests.
    package var asksTheModel: Bool { self == .availability || self == .canary }
}

/// A certificate or an attestation that somebody has given.
package struct StandardDocument: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case soc2 = "soc-2"
        case iso27001 = "iso-27001"
        case iso42001 = "iso-42001"
        case certificate, attestation
    }

    /// The key under `documents`.
    package var name: String
    package var kind: Kind
    package var file: String
    /// The time from which it no longer counts, in seconds since 1970.
    package var until: Int
    /// The SHA-256 that the file must have, in hexadecimal digits; nil takes
    /// any content.
    package var sha256: String?

    package init(name: String, kind: Kind, file: String, until: Int, sha256: String? = nil) {
        self.name = name
        self.kind = kind
        self.file = file
        self.until = until
        self.sha256 = sha256
    }
}

/// The place of advisories, and the packages that they are matched with beside
/// the model itself.
package struct AdvisoryFeed: Sendable, Hashable {
    package enum Source: Sendable, Hashable {
        /// A file of this machine.
        case file(String)
        /// An address.
        /// - Parameter key: the path of the PEM file with the public key that
        ///   signs the feed; nil takes whatever comes.
        case url(String, key: String?)
    }

    package var source: Source
    package var packages: [AdvisoryPackage]

    package init(_ source: Source, packages: [AdvisoryPackage] = []) {
        self.source = source
        self.packages = packages
    }
}

/// A scripted question of Holdfast's own, with the expected answer.
package struct Canary: Sendable, Hashable {
    package var prompt: String
    /// The text that the answer must contain; upper and lower case and white
    /// space don't count.
    package var expect: String
    /// Seconds between two questions.
    package var every: Int
    /// The most tokens of the answer.
    package var tokens: Int

    package init(prompt: String, expect: String, every: Int = 300, tokens: Int = 64) {
        self.prompt = prompt
        self.expect = expect
        self.every = every
        self.tokens = tokens
    }

    /// Returns whether an answer is the expected one.
    package func isMet(by answer: String) -> Bool {
        let wanted = Self.folded(expect)
        return wanted.isEmpty || Self.folded(answer).contains(wanted)
    }

    /// Lower case, with each stretch of white space as one blank.
    private static func folded(_ text: String) -> String {
        text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
