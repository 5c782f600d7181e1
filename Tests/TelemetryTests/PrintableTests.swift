import Encodings
import Logging
import Telemetry
import Testing
import Wire

/// Tests that no text reaches the terminal that the terminal would interpret as a command.
@Suite struct PrintableTests {
    /// ESC, NUL, DEL, a C1 control (CSI), separators, bidirectional controls, invisible marks, a tag character.
    static let harmful: [Unicode.Scalar] = [
        "\u{1B}", "\u{0}", "\u{7F}", "\u{9B}", "\u{85}", "\u{2028}", "\u{202A}", "\u{202E}", "\u{2066}", "\u{2069}",
        "\u{200E}", "\u{200F}", "\u{61C}", "\u{200B}", "\u{FEFF}", "\u{E0001}",
    ]

    @Test(arguments: harmful)
    func whatATerminalWouldObeyIsSpelt(_ scalar: Unicode.Scalar) {
        let text = "a\(String(scalar))b"
        for shown in [Printable.text(text), Printable.lines(text)] {
            #expect(!shown.unicodeScalars.contains(scalar), "\(shown.debugDescription)")
            #expect(shown.hasPrefix("a\\u") && shown.hasSuffix("b"))
        }
    }

    @Test(arguments: harmful)
    func jsonMeansWhatItMeant(_ scalar: Unicode.Scalar) throws {
        guard scalar.value >= 0x20 else { return }
        let text = "{\"a\":\"x\(String(scalar))y\"}"
        #expect(try JSONDocument(Printable.lines(text)).root["a"]?.string == "x\(String(scalar))y")
    }

    @Test(arguments: ["", "plain", "Grüße, 世界 🌍 — “quoted”", "two\nlines\tand a tab"])
    func whatIsHarmlessStays(_ text: String) {
        #expect(Printable.lines(text) == text)
        if !text.contains("\n") { #expect(Printable.text(text) == text) }
    }

    @Test func aLineStaysALine() { #expect(!Printable.text("two\r\nlines").contains { $0.isNewline }) }

    @Test(arguments: harmful)
    func aLogIsPrintable(_ scalar: Unicode.Scalar) throws {
        let text = "a\(String(scalar))b"
        for format in [LogFormat.json, .human] {
            let pipe = LogPipe()
            let logger = Logger(label: "tests") {
                HoldfastLogHandler(label: $0, sink: pipe.sink, format: format, level: .info)
            }
            logger.info("\(text)", metadata: ["k": "\(text)", "l": ["\(text)"]])
            pipe.sink.flush()
            let lines = pipe.lines
            #expect(lines.count == 1 && !lines.joined().unicodeScalars.contains(scalar), "\(lines)")
            guard format == .json else { continue }
            let root = try JSONDocument(try #require(lines.first)).root
            #expect(root["message"]?.string == text && root["k"]?.string == text)
        }
    }
}
