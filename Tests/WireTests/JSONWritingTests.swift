import Seeded
import NIOCore
import Testing
import Wire

/// A JSON value to be written and read back.
private indirect enum Value: Equatable {
    case null, bool(Bool), int(Int), double(Double), string(String), array([Value]), object([(String, Value)])

    static func == (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.double(let a), .double(let b)): a == b
        case (.int(let a), .double(let b)), (.double(let b), .int(let a)): Double(a) == b
        case (.string(let a), .string(let b)): Array(a.utf8) == Array(b.utf8)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)):
            a.count == b.count && zip(a, b).allSatisfy { Array($0.0.utf8) == Array($1.0.utf8) && $0.1 == $1.1 }
        default: false
        }
    }

    static func random(_ random: inout SplitMix, depth: Int) -> Value {
        switch Int.random(in: 0...(depth > 0 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .int(Int(truncatingIfNeeded: random.next() >> UInt64.random(in: 0...63, using: &random)))
        case 3:
            let double = Double(bitPattern: random.next())
            return .double(double.isFinite ? double : 0.5)
        case 4, 5: return .string(text(&random))
        case 6:
            return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in .random(&random, depth: depth - 1) })
        default:
            var names: Set<[UInt8]> = []
            var members: [(String, Value)] = []
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let name = text(&random)
                if names.insert(Array(name.utf8)).inserted {
                    members.append((name, .random(&random, depth: depth - 1)))
                }
            }
            return .object(members)
        }
    }

    private static func text(_ random: inout SplitMix) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            let limit: UInt32 = [0x20, 0x80, 0x80, 0x800, 0x10FFFF].randomElement(using: &random)!
            if let scalar = Unicode.Scalar(UInt32.random(in: 0...limit, using: &random)) { text.append(scalar) }
        }
        return String(text)
    }

    func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.null()
        case .bool(let bool): json.value(bool)
        case .int(let int): json.value(int)
        case .double(let double): json.value(double)
        case .string(let string): json.value(string)
        case .array(let elements): json.array { json in for element in elements { element.write(to: &json) } }
        case .object(let members):
            json.object { json in
                for (name, value) in members {
                    json.key(dynamic: name)
                    value.write(to: &json)
                }
            }
        }
    }

    init(_ view: JSONView) {
        switch view.kind {
        case .null: self = .null
        case .true: self = .bool(true)
        case .false: self = .bool(false)
        case .number:
            if let int = Int(view.fragment.text) { self = .int(int) } else { self = .double(view.double ?? .nan) }
        case .string: self = .string(view.string ?? "?")
        case .array: self = .array(view.elements.map(Value.init))
        case .object: self = .object(view.members.map { ($0.name.string ?? "?", Value($0.value)) })
        }
    }
}

@Suite struct JSONWritingTests {
    @Test func whatIsWrittenReadsTheSame() throws {
        let seed = UInt64.random(in: .min ... .max)
        print("JSONWritingTests seed: \(seed)")
        var random = SplitMix(seed: seed)
        for round in 0..<3000 {
            let value = Value.random(&random, depth: 5)
            var json = JSONWriter()
            value.write(to: &json)
            let document = try JSONDocument(json.buffer)
            guard Value(document.root) == value else {
                Issue.record("seed \(seed), round \(round): \(document.root.fragment.text)")
                return
            }
            #expect(!json.buffer.readableBytesView.contains(0x0A), "a line feed would end an event of a stream")
        }
    }

    @Test func membersAndAbsentOnes() {
        var json = JSONWriter()
        json.object { json in
            json.member("a", "x")
            json.member("b", 1)
            json.member("c", 0.5)
            json.member("d", true)
            json.member("e", .emptyObject)
            json.null("f")
            json.member("g", ifPresent: nil as String?)
            json.member("h", ifPresent: nil as Int?)
            json.member("i", ifPresent: nil as Double?)
            json.member("j", ifPresent: nil as Bool?)
            json.member("k", ifPresent: nil as JSONFragment?)
            json.array("l") { json in
                json.value(1)
                json.object { _ in }
                json.array { _ in }
                json.value("y")
            }
            json.object("m") { _ in }
            json.member("n", 1.0)
            json.member("o", Double.nan)
            json.member("p", -Double.infinity)
            json.member("q", 1e21)
        }
        #expect(
            String(buffer: json.buffer)
                == #"{"a":"x","b":1,"c":0.5,"d":true,"e":{},"f":null,"l":[1,{},[],"y"],"m":{},"n":1,"o":null,"p":null,"q":1e+21}"#
        )
    }

    @Test func onlyWhatMustIsEscaped() {
        var buffer = ByteBuffer()
        JSONString.append("12345678/é🌍\u{7F}\u{2028}\"\\\u{0}\u{1F}\u{8}\u{C}\n\r\t12345678", to: &buffer)
        #expect(String(buffer: buffer) == "\"12345678/é🌍\u{7F}\u{2028}\\\"\\\\\\u0000\\u001f\\b\\f\\n\\r\\t12345678\"")
    }
}
