import Seeded
import Continuation
import Conversation
import Testing

@Suite("The text at a seam") struct SeamTests {
    /// Every cut of every text, with the request that would be asked.
    private func everyCut(
        _ mode: ContinuationMode,
        _ body: (_ text: String, _ sent: String, _ left: String, _ given: String, StreamJournal) -> Void
    ) throws {
        for text in texts {
            let all = scalars(text)
            for cut in 1..<all.count {
                let sent = string(all[..<cut])
                let journal = journal(sent)
                let resumed = try #require(ResumeRequest.make(base, journal, mode))
                body(text, sent, string(all[cut...]), resumed.given, journal)
            }
        }
    }

    @Test(
        "a candidate that goes on exactly from its prefill loses or doubles text",
        arguments: [ContinuationMode.prefill, .exactPrefill], [1, 3, 1000])
    func exact(mode: ContinuationMode, size: Int) throws {
        try everyCut(mode) { text, sent, _, given, journal in
            let rest = string(scalars(text)[scalars(given).count...])
            let joined = Joined(journal, mode, given: given, stream(rest, size: size))
            #expect(joined.outcome == .going && same(sent + joined.text, text), "\(sent)|\(given)|\(joined)")
            #expect(joined.continuedAt == [scalars(sent).count] && joined.finish == .endTurn)
        }
    }

    @Test("a prefill ends inside a word or in white space", arguments: [ContinuationMode.prefill, .exactPrefill])
    func whole(mode: ContinuationMode) throws {
        try everyCut(mode) { text, sent, left, given, _ in
            #expect(given.utf8.isEmpty || !given.unicodeScalars.last!.properties.isWhitespace)
            #expect(sent.utf8.starts(with: given.utf8))
            let tail = scalars(sent)[scalars(given).count...]
            if mode == .prefill, !given.isEmpty, given.utf8.count < sent.utf8.count {
                #expect(tail.first!.properties.isWhitespace)
            }
        }
    }

    @Test("a candidate that repeats its whole prefill repeats it to the caller", arguments: [1, 5, 1000])
    func echo(size: Int) throws {
        for mode in [ContinuationMode.prefill, .exactPrefill] {
            try everyCut(mode) { text, sent, _, given, journal in
                // A text that loops can't be told from its repetition.
                guard scalars(given).count >= 24, !text.hasPrefix("ha ha") else { return }
                let joined = Joined(journal, mode, given: given, stream(text, size: size))
                #expect(joined.outcome == .going && same(sent + joined.text, text), "\(sent)|\(joined)")
            }
        }
    }

    @Test("another word than was sent goes to the caller")
    func diverging() throws {
        var diverged = 0
        try everyCut(.prefill) { text, sent, left, given, journal in
            let tail = scalars(sent)[scalars(given).count...].drop { $0.properties.isWhitespace }
            guard !tail.isEmpty else { return }
            let joined = Joined(journal, .prefill, given: given, stream(" ‡other words"))
            #expect(joined.outcome == .diverged && joined.text.isEmpty && joined.finish == nil)
            // So does one that says nothing, or calls a tool instead.
            #expect(Joined(journal, .prefill, given: given, stream("")).outcome == .diverged)
            diverged += 1
            // Then from the exact text: nothing is asked for again.
            let exact = ResumeRequest.make(base, journal, .exactPrefill)!
            let second = Joined(journal, .exactPrefill, given: exact.given, stream(left))
            #expect(same(sent + second.text, text) || sent.last!.isWhitespace)
        }
        #expect(diverged > 200)
    }

    @Test("white space that the candidate leaves out or widens is doubled")
    func space() {
        for (sent, mode, given, said, whole) in [
            ("a quick bro", ContinuationMode.prefill, "a quick", "brown fox", "a quick brown fox"),
            ("a quick bro", .prefill, "a quick", "  brown fox", "a quick brown fox"),
            ("a quick ", .prefill, "a quick", "brown", "a quick brown"),
            ("a quick ", .prefill, "a quick", " brown", "a quick brown"),
            ("a quick ", .prefill, "a quick", "\n\nbrown", "a quick \n\nbrown"),
            ("a:\n", .prefill, "a:", "    b", "a:\n    b"), ("a:\n", .prefill, "a:", "\n    b", "a:\n    b"),
            ("a quick", .exactPrefill, "a quick", " brown", "a quick brown"),
            ("a qui", .exactPrefill, "a qui", "ck brown", "a quick brown"),
            ("a quick ", .instruction, "a quick ", "quick  brown", "a quick  brown"),
            ("a quick ", .instruction, "a quick ", "quicker", "a quick quicker"),
        ] {
            for size in [1, 2, 100] {
                let joined = Joined(journal(sent), mode, given: given, stream(said, size: size))
                #expect(sent + joined.text == whole, "\(said) after \(sent)")
            }
        }
    }

    @Test("an instructed candidate's beginning is doubled or lost", arguments: [1, 4, 1000])
    func instructed(size: Int) throws {
        try everyCut(.instruction) { text, sent, left, given, journal in
            guard !sent.allSatisfy(\.isWhitespace) else { return }
            #expect(same(given, sent))
            let all = scalars(sent)
            let end = (all.lastIndex { !$0.properties.isWhitespace } ?? 0) + 1
            let start = (all[..<end].lastIndex { $0.properties.isWhitespace } ?? -1) + 1
            // The last word again, as it is asked.
            if end - start <= 32 {
                let said = string(all[start...]) + left
                let joined = Joined(journal, .instruction, given: given, stream(said, size: size))
                #expect(same(sent + joined.text, text), "\(sent)|\(said)|\(joined.text)")
            }
            guard !text.hasPrefix("ha ha") else { return }
            // All of it again.
            let again = Joined(journal, .instruction, given: given, stream(text, size: size))
            #expect(same(sent + again.text, text), "\(sent)|\(again.text)")
            // A long end again.
            if let tail = all.indices.first(where: {
                $0 > 0 && all[$0 - 1].properties.isWhitespace && !all[$0].properties.isWhitespace && end - $0 >= 16
            }) {
                let joined = Joined(
                    journal, .instruction, given: given, stream(string(all[tail...]) + left, size: size))
                #expect(same(sent + joined.text, text), "\(sent)|\(joined.text)")
            }
            // To the letter; a remainder that begins like the last word is
            // taken for the word, and can't be told from it.
            let word = all[start..<end]
            guard !scalars(left).drop(while: { $0.properties.isWhitespace }).starts(with: word) else { return }
            let exact = Joined(journal, .instruction, given: given, stream(left, size: size))
            #expect(same(sent + exact.text, text), "\(sent)|\(left)|\(exact.text)")
        }
    }

    @Test("a random cut, fragmentation and second cut lose or double text", arguments: 0..<40)
    func property(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let alphabet = scalars("ab cd\n e\r\nf  {}\"日本👍🏽e\u{301} xyz ")
        for _ in 0..<50 {
            // Numbered words never loop.
            let text = (0..<Int.random(in: 3..<40, using: &random)).map { number in
                let word = (0..<Int.random(in: 0..<6, using: &random)).map { _ in
                    alphabet.randomElement(using: &random)!
                }
                return "w\(number)" + string(word) + " "
            }.joined()
            let all = scalars(text)
            var journal = StreamJournal()
            journal.note(started)
            var sent = Int.random(in: 1..<all.count, using: &random)
            journal.note(.text(choice: 0, string(all[..<sent])))
            while sent < all.count {
                let mode = [ContinuationMode.prefill, .exactPrefill].randomElement(using: &random)!
                let resumed = try #require(ResumeRequest.make(base, journal, mode))
                let rest = Array(all[scalars(resumed.given).count...])
                let end = Int.random(in: 1...rest.count, using: &random)
                var seam = Seam(
                    journal: journal, mode: mode, given: resumed.given, request: base, by: "b", cause: "broken")
                var out: [StreamEvent] = []
                for event in stream(string(rest[..<end]), size: Int.random(in: 1..<9, using: &random)).dropLast(3) {
                    #expect(seam.take(event, into: &out) == .going)
                }
                if end == rest.count { #expect(seam.take(.ended, into: &out) == .going) }
                for event in out { journal.note(event) }
                sent = scalars(journal.text).count
                #expect(text.utf8.starts(with: journal.text.utf8), "seed \(seed): \(journal.text)|\(text)")
                if end == rest.count { break }
            }
            #expect(same(journal.text, text), "seed \(seed): \(journal.text)|\(text)")
        }
    }
}
