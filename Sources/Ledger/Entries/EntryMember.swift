/// A member of an entry; its raw value is the number that represents it in the encoded entry. A number never changes
/// its meaning; new members are added at the end.
///
/// Entries have their members in the order of these numbers. The first 24 numbers take one byte, so they include every
/// member that all request entries have.
package enum EntryMember: UInt8, CaseIterable, Sendable {
    case v, kind, at, id, key, operation, door, route, servedBy, by, status, outcome, attempts, failure, cause, rule
    case inputTokens, outputTokens, firstByte, duration, promptDigest, answerDigest, stream, provider
    // Two bytes from here on.
    case model, requested, custody, standIn, reason, late, hedge, continued, characters, tokensEstimated, drill
    case hold, scope, host, firmness, origin
    case candidate, verdict
    case sha256, changed, places, lab, region
    case action, target, role
    case manifest, manifestRoot, files, name, receipt, engineDigest, seen, missing, scrub, file, expected, found
    case supervision, extent, policy, weights, request, answer, ruling, clauses, reference, windows, secondStage, unseen
    case refusal
    case permit, tick, suspension, scopes, mode, digest, roster, code, basis, until, percent, approvers
    case lastAllowed, lastByte, ticks, isAnswered, position, sealed, due, boot
    case session, agent, parentAgent

    /// As `holdfast ledger show --json` and docs/ledger.md call it.
    package var name: StaticString {
        switch self {
        case .v: "v"
        case .kind: "kind"
        case .at: "at"
        case .id: "id"
        case .key: "key"
        case .operation: "operation"
        case .door: "door"
        case .route: "route"
        case .servedBy: "served_by"
        case .by: "by"
        case .status: "status"
        case .outcome: "outcome"
        case .attempts: "attempts"
        case .failure: "failure"
        case .cause: "cause"
        case .rule: "rule"
        case .inputTokens: "input_tokens"
        case .outputTokens: "output_tokens"
        case .firstByte: "first_byte_us"
        case .duration: "duration_us"
        case .promptDigest: "prompt_sha256"
        case .answerDigest: "answer_sha256"
        case .stream: "stream"
        case .provider: "provider"
        case .model: "model"
        case .requested: "requested"
        case .custody: "custody"
        case .standIn: "stand_in"
        case .reason: "reason"
        case .late: "late"
        case .hedge: "hedge"
        case .continued: "continued"
        case .characters: "at"
        case .tokensEstimated: "tokens_estimated"
        case .drill: "drill"
        case .hold: "hold"
        case .scope: "scope"
        case .host: "host"
        case .firmness: "firmness"
        case .origin: "origin"
        case .candidate: "candidate"
        case .verdict: "verdict"
        case .sha256: "sha256"
        case .changed: "changed"
        case .places: "places"
        case .lab: "lab"
        case .region: "region"
        case .action: "action"
        case .target: "target"
        case .role: "as"
        case .manifest: "manifest"
        case .manifestRoot: "manifest_root"
        case .files: "files"
        case .name: "name"
        case .receipt: "receipt"
        case .engineDigest: "engine_sha256"
        case .seen: "seen"
        case .missing: "missing"
        case .scrub: "scrub"
        case .file: "file"
        case .expected: "expected"
        case .found: "found"
        case .supervision: "supervision"
        case .extent: "extent"
        case .policy: "policy"
        case .weights: "weights"
        case .request: "request"
        case .answer: "answer"
        case .ruling: "ruling"
        case .clauses: "clauses"
        case .reference: "reference"
        case .windows: "windows"
        case .secondStage: "second_stage"
        case .unseen: "unseen"
        case .refusal: "refusal"
        case .permit: "permit"
        case .tick: "tick"
        case .suspension: "suspension"
        case .scopes: "scopes"
        case .mode: "mode"
        case .digest: "digest"
        case .roster: "roster"
        case .code: "code"
        case .basis: "basis"
        case .until: "expires"
        case .percent: "percent"
        case .approvers: "approvers"
        case .lastAllowed: "last_allowed"
        case .lastByte: "last_byte"
        case .ticks: "ticks"
        case .isAnswered: "answered"
        case .position: "position"
        case .sealed: "sealed"
        case .due: "due"
        case .boot: "boot"
        case .session: "session_sha256"
        case .agent: "agent_sha256"
        case .parentAgent: "parent_agent_sha256"
        }
    }
}
