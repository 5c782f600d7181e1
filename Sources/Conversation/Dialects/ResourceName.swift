/// The resource that an Amazon Resource Name names: clients of AWS may ask for a
/// model by the name of its resource
/// (`arn:aws:bedrock:eu-west-1::foundation-model/NAME`).
///
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
package enum ResourceName {
    /// Returns the part of an ARN behind the kind of its resource; nil for any
    /// other text.
    package static func resource(of name: String) -> String? {
        guard name.utf8.starts(with: "arn:".utf8) else { return nil }
        let parts = name.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, let slash = parts[5].utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        let resource = parts[5][parts[5].utf8.index(after: slash)...]
        // A resource is never an ARN again.
        return resource.isEmpty || resource.utf8.starts(with: "arn:".utf8) ? nil : String(resource)
    }
}
