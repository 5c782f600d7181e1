import Encodings
import Seeded
import Testing
import WeightSigning

@Suite struct BLAKE2bTests {
    /// RFC 7693, appendix A.
    @Test func theRFCsExample() {
        #expect(
            digest([Array("abc".utf8)])
                == "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923")
    }

    /// Python's hashlib.blake2b; lengths about a block's.
    @Test(arguments: [
        (
            0, "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419",
            "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce"
        ),
        (
            1, "9545ba37b230d8a2e716c4707586542780815b7c4088edcb9af6a9452d50f324",
            "74d5ba9aab52a67aca864ef2696981c2eadf49020416136afd838fb048d21653"
        ),
        (
            3, "76ce7e90c577d436a65b691e51f0a1ad536130d70a18df3bf5368551327258b6",
            "f706f4a47c45f2d0d8147cfbb5623077e798247972e4f9338603a13abc05a4db"
        ),
        (
            127, "a9369c8a2827275c57528cb4720695b44d170dfda386b9d0ea424fc607fdd349",
            "71f1a81d3cefd520ef40921e996ac76ef24b8bda2dca27904dff6a2b295b87e2"
        ),
        (
            128, "a7b57dba995e20f757a9793ebc8e7cba952c60edddb5bd5e7ffeeb9aa4f36f2c",
            "efd66df22deecb664428c45f5cde5756a944f2478efaac33c5faae5683b08f04"
        ),
        (
            129, "19d0ad91b99eaac8253dc6b6bc3dce6b769e76976c956ac3051169847681b2c9",
            "677c399c73a3602e787962cb773ec69d01a968216d3c0f5085c397809c229fc0"
        ),
        (
            255, "4f4460b4eeb0fd09c8c9c1ebec8d25e291cd20859dc7eac05b486487ccc2d4d6",
            "dd7b6c9e6af4c9184c9b580f185561ca27410375fd94eeded1c2e0ec6f22aec8"
        ),
        (
            256, "f8517f3d1accbf944ef17fc76662f7d91e6bbff44a7c5a0ed63bc52d177810f5",
            "dee0881ae4541269f230ae91b0c4f8d8c9fa1fd094280e5ed38bc7da95427820"
        ),
        (
            257, "96c2a19c97e794ed78b8f11569aca4d07496bd5aefcc7384b32bb2a0e1e328c6",
            "cc4bab5b8a9078f42e1a0b2a660636d39cf1214dda59b1eff0236a4ff443792e"
        ),
        (
            1000, "eee729ae72452db92c8475b12e4cebd336e3a6761b4b83399221f4a890611e86",
            "a6b62efe82240bc0ec06417c02aadb54a37bbb5f659984cc0b8b7e1cafa573ec"
        ),
    ])
    func lengths(_ count: Int, _ first: String, _ second: String) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + count) }
        #expect(digest([bytes]) == first + second)
    }

    @Test func piecesAreOneText() {
        var chance = SplitMix(seed: 5)
        let bytes = (0..<2000).map { _ in UInt8.random(in: 0...255, using: &chance) }
        let whole = digest([bytes])
        for _ in 0..<200 {
            let cuts = (0..<4).map { _ in Int.random(in: 0...2000, using: &chance) }.sorted()
            let ends = [0] + cuts + [2000]
            #expect(digest(zip(ends, ends.dropFirst()).map { Array(bytes[$0..<$1]) }) == whole, "cuts \(cuts), seed 5")
        }
    }

    private func digest(_ pieces: [[UInt8]]) -> String {
        var digest = StreamingDigest(.blake2b)
        for piece in pieces { digest.update(piece) }
        return Hex.encode(digest.finish())
    }
}
