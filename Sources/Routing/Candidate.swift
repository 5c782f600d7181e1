package import Conversation

/// One way to serve a request: a model at a provider.
package struct Candidate: Sendable, Hashable {
    /// The provider's name in the settings.
    package var provider: String
    /// The model as that provider calls it.
    package var model: String
    /// The API that the provider speaks.
    package var dialect: DialectName
    /// The price of the model there; nil when the settings don't say.
    package var price: Price?
    /// The maker of the model, e.g. `anthropic`.
    package var lab: String?
    /// The operator of the machines that the model runs on, e.g. `aws`; `self`
    /// for an engine of our own.
    package var host: String?
    /// The place where the model runs, as residency rules name it, e.g. `eu`.
    package var region: String?
    /// The most tokens that one request may use, prompt and answer together.
    package var context: Int?
    /// The reason why this candidate cannot serve at present, for people; nil
    /// when it can. Such a candidate keeps its position in its route.
    package var unavailable: String?
    /// The model's capabilities, as far as requests may need them.
    package var capabilities: Capabilities
    /// The weight of the candidate on a weighted route: its share of the
    /// requests in proportion to the others' weights.
    package var weight: Int
    /// When it will be retired, in seconds since 1970; nil when nobody has
    /// said so.
    package var retires: Int?
    /// When it was, or will be, deprecated, in seconds since 1970; nil where
    /// nobody has said so.
    package var deprecated: Int?
    /// The successor after the retirement: the name of a route, or
    /// `provider/model`.
    package var successor: String?
    /// The supervision that it demands of every request, on whatever route.
    package var supervision = SupervisionPolicy.Level.off

    /// A candidate that can serve, unless said otherwise.
    package init(
        provider: String, model: String, dialect: DialectName, price: Price? = nil, lab: String? = nil,
        host: String? = nil, region: String? = nil, context: Int? = nil, unavailable: String? = nil,
        capabilities: Capabilities? = nil, weight: Int = 1, retires: Int? = nil, deprecated: Int? = nil,
        successor: String? = nil
    ) {
        self.provider = provider
        self.model = model
        self.dialect = dialect
        self.price = price
        self.lab = lab
        self.host = host
        self.region = region
        self.context = context
        self.unavailable = unavailable
        self.capabilities = capabilities ?? .usual(for: dialect)
        self.weight = weight
        self.retires = retires
        self.deprecated = deprecated
        self.successor = successor
    }

    /// `provider/model`, the name that a request may give and that the
    /// `x-holdfast-served-by` header carries.
    package var id: String { "\(provider)/\(model)" }
}

/// The price of a million tokens, in the operator's currency.
package struct Price: Sendable, Hashable {
    /// A million prompt tokens.
    package var input: Double
    /// A million answer tokens.
    package var output: Double
    /// A million prompt tokens read from the provider's cache; nil means
    /// that they cost what other prompt tokens cost.
    package var cached: Double?
    /// ISO 4217, e.g. `USD`.
    package var currency: String

    /// A price; none of it is below zero.
    package init(input: Double, output: Double, cached: Double? = nil, currency: String = "USD") {
        self.currency = currency
        self.input = input
        self.output = output
        self.cached = cached
    }
}
