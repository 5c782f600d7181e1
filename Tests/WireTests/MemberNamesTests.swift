import Testing
import Wire

@Suite struct MemberNamesTests {
    private func names(_ text: String, _ watched: [StaticString] = []) throws -> MemberNames {
        MemberNames(try JSONDocument(text, limits: .skim).root, watching: watched)
    }

    @Test(arguments: [
        #"{"Model":1,"model":2}"#, #"{"model":1,"a":2,"MODEL":3}"#, #"{"mod\u0045l":1,"model":2}"#,
        "{\"max_to\u{212A}ens\":1,\"max_tokens\":2}", "{\"model\u{17F}\":1,\"models\":2}", #"{"É":1,"é":2}"#,
    ])
    func namesThatDifferByCaseOnlyClash(_ text: String) throws { #expect(try names(text).clash != nil) }

    @Test(arguments: [#"{}"#, #"{"model":1,"models":2}"#, #"{"Model":1}"#, #"{"a":{"B":1,"b":2}}"#, #"{"é":1,"e":2}"#])
    func othersDont(_ text: String) throws { #expect(try names(text).clash == nil) }

    @Test(arguments: [#"{"a":1,"route":2}"#, #"{"ROUTE":1}"#, #"{"rout\u0065":1}"#, #"{"rout\u0045":1,"x":1}"#])
    func aWatchedNameIsFoundInAnyCase(_ text: String) throws {
        let names = try names(text, ["models", "route"])
        #expect(names.found == 2)
        #expect(names.contains("route") && names.contains("Route") && !names.contains("models"))
    }

    @Test func aNameThatIsWatchedAndSpeltWithOtherLettersIsFound() throws {
        #expect(try names("{\"model\u{17F}\":[]}", ["models", "route"]).found == 1)
        #expect(try names(#"{"a":{"models":1}}"#, ["models"]).found == 0, "only the top object's")
    }
}
