package import NIOCore
package import Wire

extension SupervisedCaller {
    /// Reads a body strictly, and all texts of it.
    /// - Throws: ``APIProblem`` of kind `invalidRequest` for a body that two
    ///   readers would read differently.
    package func passages(ofBody body: ByteBuffer, at path: CalledPath) throws(APIProblem) -> RequestPassages {
        let document: JSONDocument
        do throws(JSONProblem) {
            document = try JSONDocument(body)
        } catch {
            throw APIProblem(unreadable: error)
        }
        return try passages(of: document, at: path)
    }
}

extension APIProblem {
    /// A body that is no JSON, or that isn't the same to every reader: names
    /// that are given twice at any depth (RFC 8259 §4), text that is no Unicode
    /// (§8).
    package init(unreadable problem: JSONProblem) {
        let code =
            switch problem.reason {
            case .duplicateName: "duplicate_name"
            case .invalidUTF8, .loneSurrogate: "invalid_unicode"
            default: "invalid_json"
            }
        self.init(.invalidRequest, "The body can't be read: \(problem).", code: code)
    }

    /// A name that differs from one of the API's by case only.
    static func ambiguous(_ name: String, at path: String) -> APIProblem {
        APIProblem(
            .invalidRequest,
            "Two members differ by case only, so that servers would read different requests: send `\(name)` once.",
            field: path, code: "ambiguous_name")
    }

    static var tooManyParts: APIProblem {
        APIProblem(
            .invalidRequest,
            "The request has more than \(PassageReader.mostPassages) texts to judge: send fewer parts.",
            code: "too_many_parts")
    }
}
