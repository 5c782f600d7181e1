import Foundation
package import NIOSSL

/// A certificate that signs itself, for `localhost` and 127.0.0.1; made anew
/// when the tests run, so that no key lies about.
package struct TestCertificate: Sendable {
    package let certificate: NIOSSLCertificate
    private let key: NIOSSLPrivateKey

    /// - Throws: when `openssl` isn't there or fails.
    package init() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("holdfast-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificateFile = folder.appendingPathComponent("certificate.pem").path
        let keyFile = folder.appendingPathComponent("key.pem").path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout", keyFile, "-out", certificateFile,
        ]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        certificate = try NIOSSLCertificate.fromPEMFile(certificateFile)[0]
        key = try NIOSSLPrivateKey(file: keyFile, format: .pem)
    }

    /// What a server that has it is set to.
    package var server: TLSConfiguration {
        .makeServerConfiguration(certificateChain: [.certificate(certificate)], privateKey: .privateKey(key))
    }

    /// What a client that trusts it, and nothing else, is set to.
    package var client: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates([certificate])
        return configuration
    }
}
