import Signing
import WeightFiles
import Access
import ArgumentParser
import Encodings
import WeightSigning
import Wire

/// `holdfast weights verify`
struct WeightsVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Say whether a model is what was signed, and nothing besides.",
        usage: "holdfast weights verify <model> [<options>]",
        discussion: """
            Takes OpenSSF Model Signing bundles, by a key or by certificates, as `holdfast weights sign` \
            and model-signing make them. What lies about in the model's folder unsigned is refused, \
            below .git too; --move-aside puts it beside the folder. With --custody, the terms on which \
            the model may be in service are checked as well. The exit code is 65 where something \
            doesn't hold.

            Example: holdfast weights verify models/qwen --public-key publisher.pub
            """)

    @Argument(help: "The model's folder, or its file.", completion: .file()) var model: String
    @OptionGroup var options: SignatureOptions
    @Flag(help: "Move what is not signed to a new folder beside the model's, then verify.") var moveAside = false
    @OptionGroup var custody: CustodyOptions
    @Flag(help: "Print JSON, for programs: what differs, or by whom it was signed.") var json = false

    func run() async throws {
        let (files, manifest) = try await told { () async throws(SigningProblem) in
            let files = try ModelOnDisk(model)
            return (files, try await options.manifest(of: files))
        }
        // The statements themselves, where they are kept in the folder.
        let own = Set(([options.file(for: files)] + custody.files).compactMap { files.place(of: $0) })
        var found = try await told { () async throws(SigningProblem) in
            try ModelComparison(manifest, files, own: own)
        }
        if moveAside, !found.unsigned.isEmpty {
            found = try await told { () async throws(SigningProblem) in
                let aside = try AsideFolder(beside: files)
                for entry in found.unsigned {
                    try aside.take(entry.path)
                    complain("moved to \(aside.path.printable): \(entry.path)")
                }
                return try ModelComparison(manifest, files, own: own)
            }
        }
        guard found.holds else {
            if json { Self.write(found, nil) } else { Self.tell(found) }
            throw ExitStatus.dataError.exit
        }
        let grant = try await custody.granted(manifest)
        guard !json else { return Self.write(found, (manifest, grant)) }
        print("\(found.same) \(found.same == 1 ? "file is" : "files are") what was signed, and nothing else is there")
        print("root  \(Hex.encode(manifest.root))")
        for signer in manifest.signers { print("by    key \(signer.hint)") }
        if let grant { print(Self.text(grant)) }
    }

    /// - Parameter signed: the signed content, if the signature verified.
    private static func write(_ found: ModelComparison, _ signed: (manifest: ModelManifest, grant: CustodyGrant?)?) {
        printJSON { json in
            json.member("holds", found.holds)
            json.member("files", found.same)
            for (name, paths) in [
                ("missing", found.missing.map { "\($0)" }), ("irregular", found.irregular.map { "\($0)" }),
                ("changed", found.changed.map { "\($0)" }), ("unsigned", found.unsigned.map { "\($0.path)" }),
            ] as [(StaticString, [String])] {
                json.array(name) { json in for path in paths { json.value(path) } }
            }
            guard let (manifest, grant) = signed else { return }
            json.member("root", Hex.encode(manifest.root))
            json.array("by") { json in for signer in manifest.signers { json.value(signer.hint) } }
            guard let grant else { return }
            json.object("custody") { json in
                json.member("model", grant.terms.model)
                json.member("role", grant.terms.role.rawValue)
                json.member("epoch", Int(clamping: grant.epoch.number))
                json.member("not_after", UnixTime(seconds: grant.terms.notAfter).description)
                json.member("egress_bits_per_day", Int(clamping: grant.terms.egressBitsPerDay))
                json.array("by") { json in for signer in grant.signers { json.value(signer.hint) } }
            }
        }
    }

    private static func tell(_ found: ModelComparison) {
        for path in found.missing { complain("missing: \(path)") }
        for path in found.irregular { complain("not a regular file: \(path)") }
        for path in found.changed { complain("not what was signed: \(path)") }
        for entry in found.unsigned {
            switch entry.kind {
            case .file: complain("not signed: \(entry.path)")
            case .link: complain("not signed: \(entry.path), a link")
            case .other: complain("not signed: \(entry.path), a device or a pipe")
            }
        }
        if !found.unsigned.isEmpty {
            complain(
                "holdfast: there is more than was signed; look at it, then let --move-aside put it beside the folder")
        }
        if !found.hasRightNames { complain("holdfast: the model is not the one that was signed; no file was hashed") }
        if !found.changed.isEmpty {
            complain("holdfast: the model is not the one that was signed; take those files from its publisher again")
        }
    }

    private static func text(_ grant: CustodyGrant) -> String {
        let terms = grant.terms
        let rows =
            [
                ["custody", "\(terms.model.printable) as \(terms.role.rawValue)"], ["epoch", "\(grant.epoch.number)"],
                ["until", "\(UnixTime(seconds: terms.notAfter))"],
                ["egress", "\(terms.egressBitsPerDay) bits a day"],
                ["template", terms.chatTemplate.map { Hex.encode($0) } ?? "none"],
            ] + terms.mappings.map { ["runs", "\(Hex.encode($0.digest))  \($0.name.printable)"] }
            + grant.signers.map { ["by", "key \($0.hint)"] }
        return Table(rows: rows).text
    }
}
