import Crypto
import Custody
import FoundationEssentials
import Glibc
import Testing
import WeightsTesting

private let hasAge = access("/usr/bin/age", X_OK) == 0 && access("/usr/bin/age-keygen", X_OK) == 0

@Suite struct AgeTests {
    /// Two chunks and a bit.
    private let model = TinyModel(tensorRows: 1100).bytes

    // MARK: With age itself

    @Test(.enabled(if: hasAge, "install Debian's age"), arguments: [0, 4, 508, 509, 1020, 5000])
    func whatAgeEncryptsIsOpenedIntoMemory(rows: UInt64) throws {
        let scratch = try Scratch()
        let bytes = rows == 0 ? [] : TinyModel(tensorRows: rows).bytes
        if rows == 508 { #expect(bytes.count == 64 << 10, "a chunk, and nothing behind it") }
        try scratch.write(bytes)
        let recipient = try ageKey(in: scratch)
        try #require(
            try run(["/usr/bin/age", "-r", recipient, "-o", scratch.path + "/m.gguf.age", scratch.path + "/m.gguf"])
                == 0)
        unlink(scratch.path + "/m.gguf")
        let key = KeySource.file(scratch.path + "/key")
        let source = scratch.source("m.gguf.age", key: key)
        guard rows > 0 else {
            // Nothing is in it, which is encrypted, too.
            #expect(scratch.refusal(Scratch.expecting([UInt8]()), name: "m.gguf.age", key: key)?.kind == .format)
            return
        }
        let weights = try SealedWeights.load(source, Scratch.expecting(bytes))
        #expect(try weights.files[0].memory.read(at: 0, count: bytes.count) == bytes)
        #expect(access(scratch.path + "/m.gguf", F_OK) != 0, "nothing plain on the disk")
        let manifest = try DevelopmentManifests(folder: scratch.path + "/custody").expected(
            source, name: "here", model: "tiny")
        #expect(manifest.files == Scratch.expecting(bytes).files, "plain size and digest, found without writing")
    }

    @Test(.enabled(if: hasAge, "install Debian's age"), arguments: [0, 1, 65535, 65536, 65537, 200_000])
    func ageOpensWhatTheTestsWrite(count: Int) throws {
        let scratch = try Scratch()
        let plain = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        _ = try ageKey(in: scratch)
        let text = try String(contentsOfFile: scratch.path + "/key", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").last)
        let secret = try #require(Bech32.decode(String(line), prefix: "age-secret-key-"))
        let key = try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: secret)
        try scratch.write(AgeWriter(recipient: key.publicKey).encrypt(plain), to: "x.age")
        #expect(
            try run([
                "/usr/bin/age", "-d", "-i", scratch.path + "/key", "-o", scratch.path + "/x", scratch.path + "/x.age",
            ]) == 0)
        // It makes no file for nothing.
        let opened = count == 0 ? Data() : try Data(contentsOf: URL(filePath: scratch.path + "/x"))
        #expect(Array(opened) == plain)
    }

    // MARK: Hostile

    @Test func chunksThatAreMissingMovedOrChangedAreRefused() throws {
        let scratch = try Scratch()
        let key = Curve25519.KeyAgreement.PrivateKey()
        try writeKey(key, in: scratch)
        let expected = Scratch.expecting(model)
        let source = KeySource.file(scratch.path + "/key")
        func refusal(_ spoil: @escaping ([[UInt8]]) -> [[UInt8]]) throws -> CustodyProblem? {
            var writer = AgeWriter(recipient: key.publicKey)
            writer.spoil = spoil
            try scratch.write(writer.encrypt(model), to: "m.gguf.age")
            return scratch.refusal(expected, name: "m.gguf.age", key: source)
        }
        #expect(try refusal { $0 } == nil)
        let cases: [(String, ([[UInt8]]) -> [[UInt8]])] = [
            ("last dropped", { Array($0.dropLast()) }), ("all dropped", { _ in [] }),
            ("first dropped", { Array($0.dropFirst()) }), ("swapped", { [$0[1], $0[0]] + $0[2...] }),
            ("twice", { [$0[0]] + $0 }), ("one bit", { [$0[0].dropLast() + [$0[0].last! ^ 1]] + $0[1...] }),
            ("tag only", { Array($0.dropLast()) + [Array($0.last!.suffix(16))] }),
            ("cut in the tag", { Array($0.dropLast()) + [Array($0.last!.prefix(5))] }),
            ("more behind", { $0 + [[0]] }), ("an empty one behind", { $0 + [[UInt8](repeating: 0, count: 16)] }),
        ]
        for (name, spoil) in cases {
            let problem = try #require(try refusal(spoil), "\(name)")
            #expect(problem.kind == .encryption, "\(name): \(problem)")
        }
    }

    @Test func headerThatIsChangedIsRefused() throws {
        let scratch = try Scratch()
        let key = Curve25519.KeyAgreement.PrivateKey()
        try writeKey(key, in: scratch)
        func problem(_ change: (inout AgeWriter) -> Void, key source: String = "key") throws -> CustodyProblem? {
            var writer = AgeWriter(recipient: key.publicKey)
            change(&writer)
            try scratch.write(writer.encrypt(model), to: "m.gguf.age")
            return scratch.refusal(
                Scratch.expecting(model), name: "m.gguf.age", key: .file(scratch.path + "/\(source)"))
        }
        #expect(try problem { _ in } == nil)
        #expect(try problem { $0.extraStanza = "-> grease x y\nAAAA\n" } == nil, "others' recipients may be there")
        #expect(try problem { $0.spoilsMAC = true }?.what.contains("its MAC is wrong") == true)
        for stanza in ["-> \n\n", "->x\n\n", "-> a b\nA A\n", "-> a b\nAB==\n", "-> a b\nAB\n", "-> a\u{1}\n\n", "\n"] {
            #expect(try problem { $0.extraStanza = stanza }?.kind == .encryption, "\(stanza.debugDescription)")
        }
        #expect(
            try problem { $0.extraStanza = "-> a b\n" + String(repeating: "A", count: 65) + "\n" }?.kind == .encryption)
        let long = String(repeating: "-> a b\n\n", count: 20_000)
        #expect(try problem { $0.extraStanza = long }?.kind == .encryption, "bounded before anything vouches for it")
        try writeKey(Curve25519.KeyAgreement.PrivateKey(), in: scratch, to: "other")
        #expect(try problem({ _ in }, key: "other")?.what == "m.gguf.age was not encrypted to this key")
        try scratch.write(model, to: "m.gguf.age")
        let plain = scratch.refusal(Scratch.expecting(model), name: "m.gguf.age", key: .file(scratch.path + "/key"))
        #expect(plain?.kind == .encryption)
    }

    // MARK: Keys

    @Test func keysComeFromAFileACommandOrADescriptor() throws {
        let scratch = try Scratch()
        let key = Curve25519.KeyAgreement.PrivateKey()
        try writeKey(key, in: scratch)
        try scratch.write(AgeWriter(recipient: key.publicKey).encrypt(model), to: "m.gguf.age")
        let expected = Scratch.expecting(model)
        func refusal(_ source: KeySource) -> CustodyProblem? {
            scratch.refusal(expected, name: "m.gguf.age", key: source)
        }

        #expect(refusal(.command(["cat", scratch.path + "/key"])) == nil)
        #expect(refusal(.command(["/nowhere/program"]))?.kind == .encryption)
        #expect(refusal(.command(["false"]))?.what.contains("status 1") == true)
        #expect(refusal(.command(["yes"]))?.what.contains("more than a key") == true)
        #expect(refusal(.command(["echo", "secret-of-mine"]))?.description.contains("secret-of-mine") == false)

        let inherited = open(scratch.path + "/key", O_RDONLY)
        setenv("HOLDFAST_TEST_KEY", "\(inherited)", 1)
        #expect(refusal(.descriptor(variable: "HOLDFAST_TEST_KEY")) == nil)
        #expect(fcntl(inherited, F_GETFD) == -1, "it is closed once it is read")
        #expect(refusal(.descriptor(variable: "HOLDFAST_TEST_KEY")) == nil, "a reload needs it again")
        #expect(refusal(.descriptor(variable: "HOLDFAST_NO_SUCH_KEY"))?.kind == .encryption)

        chmod(scratch.path + "/key", 0o644)
        #expect(refusal(.file(scratch.path + "/key"))?.what.contains("read by others") == true)
        try scratch.write(Array("# nothing\n".utf8), to: "empty")
        #expect(refusal(.file(scratch.path + "/empty"))?.what.contains("holds no age key") == true)
    }

    @Test func keyTextsAreReadStrictly() {
        // BIP 173's own examples; one of age's test vectors.
        #expect(Bech32.decode("A12UEL5L", prefix: "a") == [])
        #expect(Bech32.decode("a12uel5l", prefix: "a") == [])
        #expect(Bech32.decode("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", prefix: "abcdef")?.count == 20)
        #expect(Bech32.decode("A12uEL5L", prefix: "a") == nil, "mixed case")
        #expect(Bech32.decode("a12uel5m", prefix: "a") == nil, "checksum")
        #expect(Bech32.decode("a1b2uel5l", prefix: "a") == nil, "no letter of its alphabet")
        #expect(Bech32.decode("a12uel5l", prefix: "b") == nil)
        #expect(Bech32.decode("a1", prefix: "a") == nil)
    }

    // MARK: -

    /// Makes a new key in the file `key`.
    /// - Returns: the recipient to encrypt to.
    private func ageKey(in scratch: Scratch) throws -> String {
        try #require(try run(["/usr/bin/age-keygen", "-o", scratch.path + "/key"]) == 0)
        let text = try String(contentsOfFile: scratch.path + "/key", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("# public key: ") })
        return String(line.dropFirst(14))
    }

    private func writeKey(_ key: Curve25519.KeyAgreement.PrivateKey, in scratch: Scratch, to name: String = "key")
        throws
    {
        let text = Bech32Writer.encode(Array(key.rawRepresentation), prefix: "age-secret-key-").uppercased()
        try scratch.write(Array("# for a test\n\n\(text)\n".utf8), to: name)
    }
}

/// BIP 173, the other way.
private enum Bech32Writer {
    static func encode(_ bytes: [UInt8], prefix: String) -> String {
        let letters = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l")
        var values: [UInt8] = []
        var (held, bits): (UInt32, Int) = (0, 0)
        for byte in bytes {
            (held, bits) = (held << 8 | UInt32(byte), bits + 8)
            while bits >= 5 {
                bits -= 5
                values.append(UInt8(held >> UInt32(bits) & 31))
            }
            held &= (1 << UInt32(bits)) - 1
        }
        if bits > 0 { values.append(UInt8(held << UInt32(5 - bits) & 31)) }
        let all = prefix.utf8.map { $0 >> 5 } + [0] + prefix.utf8.map { $0 & 31 } + values
        var sum: UInt32 = 1
        for value in all + [0, 0, 0, 0, 0, 0] {
            let top = sum >> 25
            sum = (sum & 0x1FF_FFFF) << 5 ^ UInt32(value)
            for (bit, part) in [UInt32(0x3B6A_57B2), 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3].enumerated()
            where top >> UInt32(bit) & 1 == 1 { sum ^= part }
        }
        sum ^= 1
        let checksum = (0..<6).map { UInt8(sum >> UInt32(5 * (5 - $0)) & 31) }
        return prefix + "1" + String((values + checksum).map { letters[Int($0)] })
    }
}
