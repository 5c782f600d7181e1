/// The range in which a derived key may sign: one day, one region, one service.
package struct SigV4Scope: Sendable, Hashable {
    /// `20270131`.
    package let date: String
    package let region: String
    package let service: String

    package init(date: String, region: String, service: String) {
        (self.date, self.region, self.service) = (date, region, service)
    }

    /// `20270131/eu-west-1/bedrock/aws4_request`.
    package var text: String { "\(date)/\(region)/\(service)/\(Self.end)" }

    static let end = "aws4_request"
}
