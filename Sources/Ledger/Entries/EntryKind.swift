/// The kinds of entries that Holdfast writes, as `kind` names them.
package enum EntryKind: String, CaseIterable, Sendable {
    case requestAdmitted = "request.admitted"
    case requestWithheld = "request.withheld"
    case requestSettled = "request.settled"
    case holdPlaced = "hold.placed"
    case holdConfirmed = "hold.confirmed"
    case holdAcknowledged = "hold.acknowledged"
    case holdLifted = "hold.lifted"
    case verdictUnconfirmed = "verdict.unconfirmed"
    case drillBegan = "drill.began"
    case drillEnded = "drill.ended"
    case weightsVerified = "weights.verified"
    case weightsLoaded = "weights.loaded"
    case weightsRefused = "weights.refused"
    case weightsScrubMismatch = "weights.scrub-mismatch"
    case engineImpostor = "engine.impostor"
    case configurationChanged = "configuration.changed"
    case administration
    case supervisorDown = "supervisor.down"
    case supervisorUp = "supervisor.up"
}
