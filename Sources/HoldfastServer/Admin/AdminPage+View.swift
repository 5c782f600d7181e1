import AdminAPI
import FrontDoor
import NIOCore

extension AdminDoor.Page {
    /// A page that shows a view as JSON.
    init<View: Encodable>(_ path: String, view: @escaping @Sendable () async -> View) {
        self.init(path) { ByteBuffer.view(await view()) }
    }
}

extension AdminDoor.Outcome {
    static func done(_ status: Int, view: some Encodable) -> AdminDoor.Outcome {
        let (failure, bytes) = ByteBuffer.view(view)
        return failure == 200 ? .done(status, bytes) : .failure(failure, "The answer can't be written.")
    }
}

extension ByteBuffer {
    /// A view as JSON, with the status of an answer that holds it.
    static func view(_ view: some Encodable) -> (status: Int, bytes: ByteBuffer) {
        do {
            return (200, ByteBuffer(bytes: try AdminJSON.encode(view)))
        } catch {
            // Only a number that JSON doesn't have (infinity) ends here.
            return (500, AdminDoor.problem("The answer can't be written: \(error)."))
        }
    }
}

extension AdminDoor.ActionRequest {
    /// The order in the body.
    /// - Throws: ``BadOrder`` that names the member which is wrong.
    func order<Order: Decodable>(_ type: Order.Type, usage: String) throws(BadOrder) -> Order {
        do {
            return try AdminJSON.decode(type, from: body.readableBytesView)
        } catch let error as DecodingError {
            throw BadOrder(error, usage: usage)
        } catch {
            throw BadOrder("The body can't be read. Send \(usage).")
        }
    }
}

/// An order that can't be carried out as it is written.
struct BadOrder: Error {
    var message: String

    init(_ message: String) { self.message = message }

    fileprivate init(_ error: DecodingError, usage: String) {
        func name(_ path: [any CodingKey]) -> String {
            path.map { key in
                // As it is written, not as Swift spells it.
                key.stringValue.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : String($1) }
            }.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context):
            message = "\"\(name(context.codingPath + [key]))\" is needed. Send \(usage)."
        case .typeMismatch(let type, let context) where !context.codingPath.isEmpty:
            message = "\"\(name(context.codingPath))\" must be \(Self.words(type)). Send \(usage)."
        case .valueNotFound(let type, let context) where !context.codingPath.isEmpty:
            message = "\"\(name(context.codingPath))\" must be \(Self.words(type)), not null. Send \(usage)."
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            message = "\"\(name(context.codingPath))\" can't be read. Send \(usage)."
        default: message = "The body is not a JSON object that can be read. Send \(usage)."
        }
    }

    private static func words(_ type: Any.Type) -> String {
        switch type {
        case is String.Type: "a text"
        case is Bool.Type: "true or false"
        case is Int.Type: "a whole number"
        case is Double.Type: "a number"
        default: "an object"
        }
    }
}
