import Foundation
package import NIOSSL

/// A certificate that signs itself, for `localhost` and 127.0.0.1; made anew
/// when the tests run, so that no key lies about.
package struct TestCertificate: Sendable {
    package let certificate: NIOSSLCertificate
    private let key: NIOSSLPrivateKey

    /// - Parameter validity: from when until when, as `YYYYMMDD`; nil is now.
    /// - Throws: when `openssl` isn't there or fails.
    package init(validity: (from: String, until: String)? = nil) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("holdfast-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let certificateFile = folder.appendingPathComponent("certificate.pem").path
        let keyFile = folder.appendingPathComponent("key.pem").path
        let request = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost"]
        if let validity {
            // Only this command can be told any two days.
            try Self.authority.write(
                to: folder.appendingPathComponent("authority"), atomically: true, encoding: .utf8)
            try "".write(to: folder.appendingPathComponent("index"), atomically: true, encoding: .utf8)
            try "01".write(to: folder.appendingPathComponent("serial"), atomically: true, encoding: .utf8)
            try Self.openssl(["req"] + request + ["-keyout", keyFile, "-out", "request"], in: folder)
            try Self.openssl(
                [
                    "ca", "-batch", "-notext", "-selfsign", "-config", "authority", "-in", "request", "-keyfile",
                    keyFile,
                    "-out", certificateFile, "-startdate", "\(validity.from)000000Z",
                    "-enddate", "\(validity.until)000000Z",
                ], in: folder)
        } else {
            try Self.openssl(
                ["req", "-x509", "-days", "2"] + request
                    + ["-addext", "subjectAltName=\(Self.names)", "-keyout", keyFile, "-out", certificateFile],
                in: folder)
        }
        certificate = try NIOSSLCertificate.fromPEMFile(certificateFile)[0]
        key = try NIOSSLPrivateKey(file: keyFile, format: .pem)
    }

    private static let names = "DNS:localhost,IP:127.0.0.1"
    private static let authority = """
        [ca]
        default_ca=own
        [own]
        database=index
        serial=serial
        new_certs_dir=.
        default_md=sha256
        policy=any
        x509_extensions=extensions
        unique_subject=no
        [any]
        commonName=supplied
        [extensions]
        subjectAltName=\(names)
        """

    private static func openssl(_ arguments: [String], in folder: URL) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = folder
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
    }

    /// The configuration of a server with this certificate.
    package var server: TLSConfiguration {
        .makeServerConfiguration(certificateChain: [.certificate(certificate)], privateKey: .privateKey(key))
    }

    /// The configuration of a client that trusts this certificate, and nothing
    /// else.
    package var client: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates([certificate])
        return configuration
    }
}
