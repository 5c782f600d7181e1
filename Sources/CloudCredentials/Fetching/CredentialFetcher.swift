package import AWSSigning
import AsyncHTTPClient
import Encodings
import Files
import NIOCore
import NIOHTTP1

/// Asks a source for a credential.
///
/// No redirect is followed and no proxy is asked: a credential comes from the
/// address that was configured, or not at all.
package struct CredentialFetcher: Sendable {
    private let chosen: ChosenCredentials

    package init(_ chosen: ChosenCredentials) { self.chosen = chosen }

    /// Lives as long as the process.
    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton,
        configuration: .init(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(2), read: .seconds(5))))

    /// The time for one request, and for one run of a program.
    private static let patience = Duration.seconds(10)
    private static let programPatience = Duration.seconds(60)
    private static let longest = 256 << 10

    package func fetch() async throws(CredentialProblem) -> AWSCredential {
        switch chosen.source {
        case .fixed(let credential):
            try credential.check(chosen.shown)
            return credential
        case .profile(let name, let files):
            let credential = try files.credential(of: name)
            try credential.check(chosen.shown)
            return credential
        case .process(let words):
            let output = try await CredentialCommand.output(of: words, patience: Self.programPatience)
            return try CredentialDocument.read(
                output, from: "the command", tokenName: "SessionToken", needsVersion: true)
        case .webIdentity(let identity):
            let token = try Self.text(of: identity.tokenFile)
            var request = HTTPClientRequest(url: identity.endpoint.appending("/"))
            request.method = .POST
            request.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(STSExchange.body(identity, token: token))
            let answer = try await ask(request, "STS")
            return try STSExchange.read(status: answer.status, answer.body)
        case .container(let endpoint): return try await fetch(endpoint)
        case .instance(let url): return try await fetch(instance: url)
        }
    }

    private func fetch(_ endpoint: ContainerEndpoint) async throws(CredentialProblem) -> AWSCredential {
        var request = HTTPClientRequest(url: endpoint.url.text)
        request.headers.add(name: "accept", value: "application/json")
        let token: String? =
            switch endpoint.token {
            case nil: nil
            case .value(let value): value
            case .file(let path): try Self.text(of: path)
            }
        if let token {
            guard token.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw CredentialProblem("the token for the container's endpoint has a line end in it")
            }
            request.headers.add(name: "authorization", value: token)
        }
        let answer = try await asked(request)
        return try CredentialDocument.read(answer, from: chosen.shown, tokenName: "Token")
    }

    /// IMDSv2 only: a session's token first, so that no request that others can
    /// forge gets an answer.
    private func fetch(instance url: CredentialURL) async throws(CredentialProblem) -> AWSCredential {
        var session = HTTPClientRequest(url: url.appending("/latest/api/token"))
        session.method = .PUT
        session.headers.add(name: "x-aws-ec2-metadata-token-ttl-seconds", value: "300")
        let token = String(buffer: try await asked(session))
        let path = "/latest/meta-data/iam/security-credentials/"
        func get(_ path: String) async throws(CredentialProblem) -> ByteBuffer {
            var request = HTTPClientRequest(url: url.appending(path))
            request.headers.add(name: "x-aws-ec2-metadata-token", value: token)
            return try await asked(request)
        }
        let roles = String(buffer: try await get(path))
        guard let role = roles.split(whereSeparator: \.isNewline).first?.trimmed, !role.isEmpty,
            role.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"/?#%".utf8.contains($0) })
        else { throw CredentialProblem("the instance has no role: attach an instance profile to it") }
        return try CredentialDocument.read(try await get(path + role), from: chosen.shown, tokenName: "Token")
    }

    // MARK: Exchanges

    private func asked(_ request: HTTPClientRequest) async throws(CredentialProblem) -> ByteBuffer {
        let answer = try await ask(request, chosen.shown)
        guard answer.status == 200 else {
            throw CredentialProblem("\(chosen.shown) answered with status \(answer.status)")
        }
        return answer.body
    }

    private func ask(
        _ request: HTTPClientRequest, _ shown: String
    ) async throws(CredentialProblem) -> (status: Int, body: ByteBuffer) {
        do {
            let response = try await Self.client.execute(request, timeout: .seconds(Self.patience.components.seconds))
            return (Int(response.status.code), try await response.body.collect(upTo: Self.longest))
        } catch let error as HTTPClientError {
            throw CredentialProblem("\(shown) can't be asked: \(error.shortDescription)")
        } catch {
            throw CredentialProblem("\(shown) can't be asked: no connection to \(Self.host(of: request.url))")
        }
    }

    private static func host(of url: String) -> String {
        Printable.excerpt(
            url.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first.map(String.init) ?? "it")
    }

    /// The one line of a token's file.
    private static func text(of path: String) throws(CredentialProblem) -> String {
        do throws(FileFault) {
            let bytes = try WholeFile.readAll(path, limit: 64 << 10)
            return String(String(decoding: bytes, as: UTF8.self).trimmed)
        } catch {
            throw CredentialProblem("\(Printable.excerpt(path)) can't be read: \(error.reason)")
        }
    }
}
