import Encodings
import NIOCore
import Subprocess
import SystemPackage

/// Runs a program that prints a credential. No shell reads its arguments.
enum CredentialCommand {
    /// The most bytes of a credential.
    private static let longest = 64 << 10

    /// - Throws: ``CredentialProblem``, without what the program printed to its
    ///   standard output.
    static func output(of words: [String], patience: Duration) async throws(CredentialProblem) -> ByteBuffer {
        guard let program = words.first, !program.isEmpty else { throw CredentialProblem("the command is empty") }
        let outcome = await withTaskGroup(of: Outcome.self) { group in
            group.addTask { await run(program, Array(words.dropFirst())) }
            group.addTask {
                try? await Task.sleep(for: patience)
                return .failed("it took longer than \(patience.components.seconds) s")
            }
            defer { group.cancelAll() }
            return await group.next() ?? .failed("it was interrupted")
        }
        switch outcome {
        case .printed(let text): return ByteBuffer(string: text)
        case .failed(let reason):
            throw CredentialProblem("the command \(Printable.excerpt(program)) gave no credential: \(reason)")
        }
    }

    private enum Outcome: Sendable {
        case printed(String)
        case failed(String)
    }

    private static func run(_ program: String, _ arguments: [String]) async -> Outcome {
        do {
            let found = try await Subprocess.run(
                program.contains("/") ? .path(FilePath(program)) : .name(program), arguments: .init(arguments),
                output: .string(limit: longest), error: .string(limit: longest))
            guard found.terminationStatus.isSuccess else {
                // The last line of standard error, which such programs write for people.
                let said = found.standardError.split(separator: "\n").last.map { Printable.excerpt(String($0)) }
                return .failed(said.map { "it said: \($0)" } ?? "it ended with \(found.terminationStatus)")
            }
            return .printed(found.standardOutput)
        } catch {
            return .failed("it can't be run")
        }
    }
}
