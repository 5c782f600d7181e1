import Testing
import WeightFormats

/// A file that must be refused, and what its refusal must say.
struct HostileFile: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let says: String
    let bytes: [UInt8]

    init(_ name: String, says: String, _ bytes: [UInt8]) {
        (testDescription, self.says, self.bytes) = (name, says, bytes)
    }

    /// A small model, bent.
    static func gguf(_ name: String, says: String, _ bend: (inout GGUFWriter) -> Void) -> HostileFile {
        var writer = GGUFWriter.model
        bend(&writer)
        return HostileFile(name, says: says, writer.bytes)
    }

    static func safetensors(_ name: String, says: String, _ bend: (inout SafeTensorsWriter) -> Void) -> HostileFile {
        var writer = SafeTensorsWriter.model
        bend(&writer)
        return HostileFile(name, says: says, writer.bytes)
    }

    func mustBeRefused(sourceLocation: SourceLocation = #_sourceLocation) {
        do throws(FormatProblem) {
            _ = try read(bytes)
            Issue.record("\(testDescription) is taken", sourceLocation: sourceLocation)
        } catch {
            #expect(error.description.contains(says), "\(error)", sourceLocation: sourceLocation)
            #expect(!error.remedy.isEmpty, sourceLocation: sourceLocation)
        }
    }
}
