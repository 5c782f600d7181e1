import Conversation
import NIOCore
import Testing
import Wire

@Suite("Requests, row by row") struct RequestRowTests {
    private enum Outcome {
        case sent(JSONView, named: [String])
        case refused(CannotCarry)
        case fault(APIProblem)
    }

    @Test("a request becomes another than its row says", arguments: Case.all.filter(\.isRequest))
    func request(_ one: Case) throws {
        let root = try one.read()
        let outcome = try outcome(one, root)
        if let field = root["fault"]?.string {
            guard case .fault(let problem) = outcome else {
                Issue.record("no fault: \(outcome)")
                return
            }
            #expect(problem.field == field && problem.kind.status < 500)
            #expect(problem.message.contains(root["because"]?.string ?? ""), "\(problem.message)")
        } else if let field = root["refuses"]?.string {
            guard case .refused(let refusal) = outcome else {
                Issue.record("not refused: \(outcome)")
                return
            }
            #expect(refusal.field == field)
            #expect(refusal.reason.contains(root["because"]?.string ?? ""), "\(refusal.reason)")
        } else {
            guard case .sent(let body, let named) = outcome else {
                Issue.record("not sent: \(outcome)")
                return
            }
            try one.check(body, "sends")
            #expect(named.sorted() == (root["names"]?.texts ?? []).sorted())
        }
    }

    private func outcome(_ one: Case, _ root: JSONView) throws -> Outcome {
        let door = try #require(Speakers.door(one.from), "\(one.from)")
        let provider = try #require(Speakers.provider(one.to), "\(one.to)")
        let model = root["model"]?.string ?? Speakers.model(one.to)
        let document = try JSONDocument(Self.body(one, root))
        do {
            var dropped: [String]
            let body: ByteBuffer
            if one.kind == .embeddings {
                let asked = try #require(door as? any EmbeddingsCaller)
                let request = try asked.decodeEmbeddings(document, at: CalledPath())
                // The gateway names the model where a provider has none.
                guard let asker = provider as? any EmbeddingsProvider else {
                    throw CannotCarry("model", "is of an API that has no embeddings")
                }
                dropped = try provider.leavingBehind(request.leftovers)
                body = try asker.encodeEmbeddings(request, model: model, dropped: &dropped)
            } else {
                let request = try door.decodeChat(document, at: Speakers.path(of: door, isStream: false))
                dropped = try provider.leavingBehind(request.leftovers)
                body = try provider.encodeChat(request, model: model, dropped: &dropped)
            }
            return .sent(try JSONDocument(body).root, named: dropped)
        } catch let problem as APIProblem {
            return .fault(problem)
        } catch let refusal as CannotCarry {
            return .refused(refusal)
        }
    }

    /// The members that are said, and those that every request needs.
    private static func body(_ one: Case, _ root: JSONView) throws -> String {
        // Bedrock's doors have it in the path.
        var members = one.isOfBedrock ? [] : [(name: "model", value: #""route""#)]
        if one.kind == .embeddings {
            members.append(("input", #""x""#))
        } else if one.from == "responses" {
            members.append(("input", #""Hi""#))
        } else {
            let content = one.from == "bedrock" ? #"[{"text":"Hi"}]"# : #""Hi""#
            members.append(("messages", #"[{"role":"user","content":\#(content)}]"#))
            if one.from == "anthropic" || one.from == "invoke" { members.append(("max_tokens", "64")) }
        }
        let said = try #require(root["says"] ?? root["embed"])
        for (name, value) in said.members {
            members.removeAll { $0.name == name.string }
            members.append((name.string ?? "", value.fragment.text))
        }
        return "{" + members.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",") + "}"
    }
}
