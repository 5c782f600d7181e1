import NIOCore
package import Wire

extension RequestPassages {
    /// Returns the changes that put a note in the place of everything that was
    /// read in some blocks: strings become the note, objects
    /// `{"withheld": NOTE}`, and a value that the API wouldn't take with another
    /// text in it is replaced as a whole. All other bytes stay as they are.
    ///
    /// The result depends on the blocks and the notes alone, so that a
    /// conversation that is sent again has the same bytes again.
    /// - Parameter notes: The note of each block; white space at its ends is
    ///   left out, because APIs refuse it at the end of an answer.
    /// - Throws: ``CannotWithhold`` where a block has a string that must keep its
    ///   form, as a tool's name. The request is then to be refused.
    package func withholding(_ notes: [Int: String]) throws(CannotWithhold) -> Splices {
        var splices = Splices()
        guard !notes.isEmpty else { return splices }
        let notes = notes.mapValues(Self.fit)
        var nextWhole = wholes.startIndex
        /// The end of the last value that was replaced as a whole.
        var done = 0
        for passage in passages {
            guard passage.range.lowerBound >= done, let note = notes[passage.block] else { continue }
            while nextWhole < wholes.endIndex, wholes[nextWhole].range.upperBound <= passage.range.lowerBound {
                nextWhole += 1
            }
            if nextWhole < wholes.endIndex, wholes[nextWhole].range.contains(passage.range.lowerBound) {
                done = wholes[nextWhole].range.upperBound
                splices.replace(wholes[nextWhole].range, with: wholes[nextWhole].replacement(note))
            } else {
                splices.replace(passage.range, with: try passage.replacement(note))
            }
        }
        return splices
    }

    private static func fit(_ note: String) -> String {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }
        let scalars = note.unicodeScalars
        guard let first = scalars.firstIndex(where: { !isSpace($0) }),
            let last = scalars.lastIndex(where: { !isSpace($0) })
        else { return "[withheld]" }
        return String(scalars[first...last])
    }
}

/// A block that no note can take the place of.
package struct CannotWithhold: Error, Sendable, Equatable {
    /// The path of the string that has to keep its form.
    package var path: String
    package init(path: String) { self.path = path }
}

extension WholePart {
    fileprivate func replacement(_ note: String) -> ByteBuffer {
        var bytes = ByteBuffer(string: opening)
        guard let closing else { return bytes }
        JSONString.append(note, to: &bytes)
        bytes.writeString(closing)
        return bytes
    }
}

extension Passage {
    fileprivate func replacement(_ note: String) throws(CannotWithhold) -> ByteBuffer {
        var json = JSONWriter()
        switch form {
        case .fixed: throw CannotWithhold(path: path)
        case .string: json.value(note)
        case .object: json.object { $0.member("withheld", note) }
        case .list: json.array { $0.value(note) }
        case .examples: json.array { _ in }
        case .arguments:
            var inside = JSONWriter()
            inside.object { $0.member("withheld", note) }
            json.value(String(buffer: inside.buffer))
        case .schema:
            // As strict modes want it.
            json.object { json in
                json.member("type", "object")
                json.member("description", note)
                json.object("properties") { _ in }
                json.array("required") { _ in }
                json.member("additionalProperties", false)
            }
        case .member(let name):
            var member = ByteBuffer()
            JSONString.append(name, to: &member)
            member.writeStaticString(":")
            JSONString.append(note, to: &member)
            return member
        }
        return json.buffer
    }
}
