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
        answer(of: view) { .done(status, $0) }
    }

    /// The answer to a dry run, which changes nothing.
    static func preview(view: some Encodable) -> AdminDoor.Outcome { answer(of: view) { .preview($0) } }

    private static func answer(
        of view: some Encodable, _ outcome: (ByteBuffer) -> AdminDoor.Outcome
    ) -> AdminDoor.Outcome {
        do throws(UnwritableView) {
            return outcome(try ByteBuffer(json: view))
        } catch {
            return .failure(500, error.message)
        }
    }
}

/// A view that JSON has no form for: only a number such as infinity makes one.
struct UnwritableView: Error {
    var message: String
}

extension ByteBuffer {
    fileprivate init(json view: some Encodable) throws(UnwritableView) {
        do {
            self.init(bytes: try AdminJSON.encode(view))
        } catch {
            throw UnwritableView(message: "The answer can't be written: \(error).")
        }
    }

    /// A view as JSON, with the status of an answer that holds it.
    static func view(_ view: some Encodable) -> (status: Int, bytes: ByteBuffer) {
        do throws(UnwritableView) {
            return (200, try ByteBuffer(json: view))
        } catch {
            return (500, AdminDoor.problem(error.message))
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
            throw BadOrder("The body can't be read: \(error). Send \(usage).")
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
