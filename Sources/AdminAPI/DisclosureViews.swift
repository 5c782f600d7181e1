/// `GET /admin/disclosures`: the disclosures of hosted models.
package struct DisclosuresView: Codable, Sendable, Hashable {
    package struct Model: Codable, Sendable, Hashable {
        package var model: String
        package var hiddenSize: Int
        /// In bytes.
        package var egressToday: Int
        /// In bytes; nil is no limit.
        package var egressPerDay: Int?
        package var valuesToRecover: Int

        package init(model: String, hiddenSize: Int, egressToday: Int, egressPerDay: Int?, valuesToRecover: Int) {
            self.model = model
            self.hiddenSize = hiddenSize
            self.egressToday = egressToday
            self.egressPerDay = egressPerDay
            self.valuesToRecover = valuesToRecover
        }
    }

    /// The values that one subject has measured of one model's weights.
    package struct Measured: Codable, Sendable, Hashable {
        package struct Share: Codable, Sendable, Hashable {
            package var model: String
            /// The most values.
            package var of: Int

            package init(model: String, of: Int) {
                self.model = model
                self.of = of
            }
        }

        /// `key:ID` or `tenant:NAME`.
        package var who: String
        package var values: Int
        package var models: [Share]

        package init(who: String, values: Int, models: [Share]) {
            self.who = who
            self.values = values
            self.models = models
        }
    }

    package var models: [Model]
    package var measured: [Measured]

    package init(models: [Model], measured: [Measured]) {
        self.models = models
        self.measured = measured
    }
}

/// `POST /admin/disclosures/forgive`: an order to begin anew to count what a
/// subject has measured.
package struct ForgiveOrder: Codable, Sendable, Hashable {
    package var who: String

    package init(who: String) { self.who = who }
}
