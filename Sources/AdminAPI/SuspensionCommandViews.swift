/// `POST /admin/suspensions/preview`: the question for the effect of a pull;
/// nothing is suspended.
package struct SuspensionPreviewOrder: Codable, Sendable, Hashable {
    /// As statements write them: `model:openai/gpt-4o`.
    package var scopes: [String]

    package init(scopes: [String]) { self.scopes = scopes }
}

/// The effect that a pull would have.
package struct SuspensionEffectView: Codable, Sendable, Hashable {
    /// A route that the pull would hit.
    package struct Route: Codable, Sendable, Hashable {
        package var name: String
        /// The candidates that it would lose, as `provider/model`; all of them
        /// where the scope is the route itself.
        package var lost: [String]
        /// The candidates that would serve in their place, in order.
        package var left: [String]
        /// The requests that run there now, streams included.
        package var running: Int?

        package init(name: String, lost: [String], left: [String], running: Int? = nil) {
            self.name = name
            self.lost = lost
            self.left = left
            self.running = running
        }
    }

    /// In the order of the settings.
    package var routes: [Route]
    /// The streams that run now; nil where no server was asked.
    package var streams: Int?
    /// The other requests that run now; nil where no server was asked.
    package var requests: Int?
    /// The ids of the keys whose requests run now; nil where no server was
    /// asked.
    package var keys: [String]?

    package init(routes: [Route], streams: Int? = nil, requests: Int? = nil, keys: [String]? = nil) {
        self.routes = routes
        self.streams = streams
        self.requests = requests
        self.keys = keys
    }
}

/// `POST /admin/suspensions/look`: what the server found in its spool now, and
/// has put on record.
package struct SuspensionLookView: Codable, Sendable, Hashable {
    /// A statement that the server refused; it has changed nothing.
    package struct Refusal: Codable, Sendable, Hashable {
        /// SHA-256 of the file, in hexadecimal digits.
        package var statement: String
        package var reason: String

        package init(statement: String, reason: String) {
            self.statement = statement
            self.reason = reason
        }
    }

    /// SHA-256 of each file that was taken.
    package var taken: [String]
    package var refused: [Refusal]

    package init(taken: [String], refused: [Refusal]) {
        self.taken = taken
        self.refused = refused
    }
}
