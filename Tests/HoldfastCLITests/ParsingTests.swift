import ArgumentParser
import HoldfastCLI
import Testing

/// Command lines: which command they are of, and which are refused.
@Suite struct ParsingTests {
    private static let lines: [(line: String, type: String)] = [
        ("serve", "Serve"), ("serve --config a.yaml --greet-key-file key", "Serve"), ("serve -c a.yaml", "Serve"),
        ("check", "Check"), ("check a.yaml --json", "Check"),
        ("keys create --name a", "KeysCreate"),
        (
            "keys create --name a --tenant t --routes b,c --rpm 1 --tpm 1000000000000 --residency eu --not-labs x "
                + "--not-hosts y --not-regions z --forbid store --expires 30d --logprobs --logit-bias --admin -q",
            "KeysCreate"
        ),
        ("keys create --name a --expires 2999-01-31T18:00:00Z --file k.yaml --json", "KeysCreate"),
        ("keys list --json --run /r", "KeysList"), ("keys revoke k_1 --json --file k", "KeysRevoke"),
        ("keys rotate-server-key --server-key s --json --file k", "KeysRotateServerKey"),
        ("models --json --config a", "Models"), ("status --run r", "Status"), ("status -c a --json", "Status"),
        ("hold p/m --reason gone --yes --force --json", "HoldByHand"), ("hold p/org/m --reason x", "HoldByHand"),
        ("restore 1f2e --json", "Restore"), ("acknowledge 1f2e --json", "Acknowledge"),
        ("drill pull talk", "DrillPull"),
        (
            "drill pull talk --model p/m --as broken --at-token 4 --cut --load 0.5rps --for 5m --warm-up 0 --recovery 1s "
                + "--json", "DrillPull"
        ),
        ("drill end", "DrillEnd"), ("drill end d_1 --json", "DrillEnd"), ("drill list --json", "DrillList"),
        ("drill show d_1 --json", "DrillShow"),
        ("ledger show", "LedgerShow"),
        (
            "ledger show copy --log k --since 2026 --until 2026-06-12T10:15 --route r --cause withdrawn --json",
            "LedgerShow"
        ),
        ("ledger show --kind hold.placed --cause held_by_hand", "LedgerShow"),
        ("ledger prove 7 -o file", "LedgerProve"), ("ledger verify --trusted a --trusted b --json", "LedgerVerify"),
        ("ledger key --json", "LedgerKey"), ("ledger prune --before 2026-01-01 --dry-run", "LedgerPrune"),
        ("ledger prune --before 512 --json", "LedgerPrune"),
        ("witness --directory w --name n --listen 127.0.0.1:1", "WitnessServe"),
        ("witness key --directory w --name n --json", "WitnessKey"),
        ("sla report --month 2026-06 --provider p --verified --html f", "SLAReport"),
        ("sla report --day 2026-06-12 --json", "SLAReport"),
        ("sla claim --month 2026-06 --provider p --output o --proofs 0", "SLAClaim"),
        ("sla contracts azure-openai --json", "SLAContracts"),
        ("exposure --days 400 --json", "ExposureCommand"), ("sessions --json", "SessionsCommand"),
        ("disclosures", "DisclosuresShow"), ("disclosures show --json", "DisclosuresShow"),
        ("disclosures forgive key:k_1 --json", "DisclosuresForgive"),
        ("weights inspect f --json", "WeightsInspect"), ("weights key n --json", "WeightsKey"),
        ("weights verify m --public-key a --public-key b --move-aside", "WeightsVerify"),
        (
            "weights verify m --root r --custody c --model-id i --custodian k --threshold 3 --role adapter",
            "WeightsVerify"
        ),
        ("weights sign m --private-key k --certificate c --chain d --ignore notes --json", "WeightsSign"),
        (
            "weights custody m --public-key p --model-id i --role primary --epoch 4 --not-after 90d "
                + "--egress-bits-per-day 8 --private-key k", "WeightsCustody"
        ),
        ("weights engine --python p --json", "WeightsEngine"), ("weights receipt m --json", "WeightsReceipt"),
        ("engine install --into d --python p --with-model --json", "EngineInstall"),
        ("constitution check c.yaml --json", "ConstitutionCheck"), ("constitution show --json", "ConstitutionShow"),
        ("supervise text --scope answer --constitution c.yaml --json", "Supervise"),
        ("supervisor install --into d --python p", "SupervisorInstall"),
        ("people key n --json", "PeopleKey"),
        ("people init --person a=a.pub --person b=b.pub --recovery c.pub --recovery-threshold 1", "PeopleInit"),
        ("people init --person a=a.pub --person b=b.pub --private-key a.key --private-key b.key", "PeopleInit"),
        ("people init --person a=a.pub --person b=b.pub --out f", "PeopleInit"),
        ("people sign f --pae p", "PeopleSign"), ("people sign f --signature s --as a", "PeopleSign"),
        ("people show --json", "PeopleShow"), ("people add c=c.pub --out f", "PeopleAdd"),
        ("people remove c --out f", "PeopleRemove"), ("people sign f --as a --private-key k", "PeopleSign"),
        ("people accept f", "PeopleAccept"),
        ("people replace --person a=a.pub --person b=b.pub --out f", "PeopleReplace"),
        ("people cancel --private-key k", "PeopleCancel"),
        (
            "veto pull lab:a model:p/m --reason legal --basis recall --text t --mode drain --no-continuation --expires 2h "
                + "--as a --private-key k --yes", "VetoPull"
        ),
        ("veto list --json", "VetoList"), ("veto show S1 --json", "VetoShow"),
        ("veto show S1 --decision restore --statement f", "VetoShow"), ("veto ratify S1 --private-key k", "VetoRatify"),
        ("veto restore S1 --private-key k --as a", "VetoRestore"),
        ("veto shorten S1 --expires 1h --private-key k", "VetoShorten"),
        ("veto accept f --signature s --as a", "VetoAccept"), ("standards --json", "StandardsCommand"),
        ("classify - --json", "Classify"), ("version --json", "Version"),
        ("engine-guard --weights 2 -- llama-server --port 1", "EngineGuard"),
    ]

    @Test("a command line that is right", arguments: lines)
    func right(line: String, type: String) throws {
        let command = try Holdfast.parseAsRoot(line.split(separator: " ").map(String.init))
        #expect("\(Swift.type(of: command))" == type)
    }

    @Test func everyCommandHasOne() {
        let leaves = Set(HelpTests.all.filter(\.below.isEmpty).map { "\($0.type)" })
        #expect(Set(Self.lines.map(\.type)) == leaves)
    }

    @Test(
        "a command line that is wrong ends with 64, and says why",
        arguments: [
            ("frobnicate", "frobnicate"), ("serve --frobnicate", "--frobnicate"), ("serve extra", "extra"),
            ("check a b", "b"),
            ("keys create", "--name"), ("keys create --name a --rpm 0", "--rpm must be 1 or more"),
            ("keys create --name a --rpm 1000000001", "--rpm"), ("keys create --name a --rpm many", "many"),
            ("keys create --name a --tpm 0", "--tpm must be 1 or more"), ("keys create --name a --routes a,,b", "a,,b"),
            ("keys create --name a --routes ,", ","), ("keys create --name a --expires soon", "soon"),
            ("keys create --name a --expires 2020-01-01", "is in the past"),
            ("keys create --name a --expires 2027-02-30", "2027-02-30"),
            ("keys create --name a --forbid messages", "--forbid"), ("keys create --name a --quiet=yes", "quiet"),
            ("keys revoke", "<key>"), ("keys list extra", "extra"),
            ("hold m --reason x", "name it as provider/model"), ("hold /m --reason x", "name it as provider/model"),
            ("hold p/ --reason x", "name it as provider/model"), ("hold p/m", "--reason"),
            ("restore", "<id>"), ("acknowledge", "<id>"), ("status extra", "extra"), ("models --run", "--run"),
            ("drill pull", "<route>"), ("drill pull r --as melted", "--as is one of"),
            ("drill pull r --at-token 0", "--at-token must be 1 or more"), ("drill pull r --load 0rps", "0rps"),
            ("drill pull r --load 1001", "1001"), ("drill pull r --load fast", "fast"),
            ("drill pull r --for=-1s", "-1s"),
            ("drill pull r --for long", "long"), ("drill show", "<id>"),
            ("ledger show --since yesterday", "yesterday"), ("ledger show --since 2026-13", "2026-13"),
            ("ledger show --since 2026-06-12 --until 2026-06-12", "is not before"),
            ("ledger show --since 2026-06-13 --until 2026-06", "is not before"),
            ("ledger show --cause withdrwan", "did you mean \"withdrawn\"?"), ("ledger show --cause zzz", "there are"),
            ("ledger show --kind request.setled", "did you mean \"request.settled\"?"),
            ("ledger prune", "--before"), ("ledger prune --before soon", "--before wants"),
            ("ledger prune --before=-1", "--before wants"),
            ("ledger prove", "<entry>"), ("witness --name n", "--directory"), ("witness key --directory d", "--name"),
            ("sla report", "name a --month or a --day"),
            ("sla report --month 2026-06 --day 2026-06-01", "name a --month"),
            ("sla report --month 2026-6", "--month wants"), ("sla report --month 2026-13", "--month wants"),
            ("sla report --month 1969-12", "--month wants"), ("sla report --month 9999-12", "--month wants"),
            ("sla report --day 2026-02-30", "--day wants"), ("sla report --day 12.6.2026", "--day wants"),
            ("sla claim --month 2026-06 --provider p", "--output"),
            ("sla claim --month x --provider p --output o", "--month wants"),
            ("sla claim --month 2026-06 --provider p --output o --proofs -1", "--proofs"),
            ("exposure --days 0", "--days must be"), ("exposure --days 401", "--days must be"),
            ("disclosures forgive", "<who>"),
            ("weights inspect", "<file>"), ("weights verify m", "name who may sign"),
            ("weights verify m --public-key p --root r", "name who may sign"),
            ("weights verify m --public-key p --custody c", "--custody needs"),
            ("weights verify m --public-key p --model-id i", "go with --custody"),
            ("weights verify m --public-key p --role boss", "boss"), ("weights sign m", "--private-key"),
            ("weights sign m --private-key k --chain c", "--chain goes with"),
            ("weights sign m --private-key k --ignore ../up", "--ignore wants"),
            (
                "weights custody m --public-key p --model-id i --role primary --epoch 0 --not-after 90d "
                    + "--egress-bits-per-day 8 --private-key k", "--epoch must be"
            ),
            (
                "weights custody m --public-key p --model-id i --role primary --epoch 1 --not-after 2020-01-01 "
                    + "--egress-bits-per-day 8 --private-key k", "is in the past"
            ),
            (
                "weights custody m --public-key p --model-id i --role primary --epoch 1 --not-after 90d "
                    + "--egress-bits-per-day 0 --private-key k", "--egress-bits-per-day must be"
            ),
            ("classify", "<file>"), ("version extra", "extra"), ("engine install extra", "extra"),
        ])
    func wrong(line: String, says: String) async {
        let done = await run(line.split(separator: " ").map(String.init))
        #expect(done.code == 64, "\(done)")
        #expect(done.remarks.contains(says), "\(done.remarks)")
        #expect(done.output.isEmpty)
    }

    @Test("names that are none", arguments: ["", String(repeating: "n", count: 101), "a\u{1B}[2J", "a\nb", "a\u{7F}"])
    func names(name: String) async {
        let done = await run("keys", "create", "--name", name, "--file", "/none/keys.yaml")
        #expect(done.code == 64 && done.remarks.contains("--name must be 1 to 100 printable characters"))
    }

    @Test("an empty reason is none") func reasons() async {
        let done = await run("hold", "p/m", "--reason", "")
        #expect(done.code == 64 && done.remarks.contains("--reason must say something"))
    }

    @Test("what cannot be printed is repeated by its code") func repeated() async {
        let done = await run("ledger", "show", "--cause", "\u{202E}\u{1B}[2Jgone")
        #expect(done.code == 64 && done.remarks.contains(#"\u{202e}\u{1b}[2Jgone"#))
        #expect(!done.remarks.contains("\u{202E}") && !done.remarks.contains("\u{1B}"))
    }
}
