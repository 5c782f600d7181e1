/// Help texts of the metrics, as Prometheus shows them (`# HELP`).
enum MetricHelp {
    /// Nil for a name that is none of Holdfast's.
    static func text(_ name: String) -> String? { texts[name] }

    private static let texts = [
        "holdfast_answers_refused_unread": "Answers refused because too much waited for callers to read it.",
        "holdfast_attempts_total": "Requests sent to providers.",
        "holdfast_breaker_state": "State of a host's or key's circuit breaker: 0 closed, 1 half-open, 2 open.",
        "holdfast_burn_rate": "Speed at which a route uses up its error budget; 1 uses it up exactly.",
        "holdfast_callers_given_up": "Connections of callers closed for reading too slowly while too much waited.",
        "holdfast_candidate_available": "Whether a candidate may be asked: 1 if nothing speaks against it.",
        "holdfast_candidate_retires_timestamp_seconds": "Time at which a candidate is to be retired.",
        "holdfast_continued_streams_total": "Streams that broke off and were continued by another candidate.",
        "holdfast_conversation_move_tokens_total":
            "Tokens that the last candidate had in its cache when a conversation went to another one.",
        "holdfast_conversation_moves_total": "Conversations that went from one candidate to another.",
        "holdfast_drill_active": "Drills that run, 1 each.",
        "holdfast_drill_attempts_total": "Requests that drills sent to providers.",
        "holdfast_drill_failed_attempts_total": "Attempts that failed because of a drill, or in its requests.",
        "holdfast_drill_request_duration_seconds": "Time from a drill's request to the end of its answer.",
        "holdfast_drill_requests_total": "Requests that drills made, by their outcome.",
        "holdfast_drill_tokens_total": "Tokens that drills' requests used.",
        "holdfast_failed_attempts_total": "Attempts that failed, by the cause that was judged.",
        "holdfast_hedges_total": "Second requests sent because the first was slow.",
        "holdfast_holds": "Holds in force, 1 each.",
        "holdfast_hold_writes_late": "Waits for a hold to be on disk that ended before it was.",
        "holdfast_holds_owed_to_disk": "Holds that are in force and not on disk yet.",
        "holdfast_large_bodies_read": "Request bodies over 1 MiB that were read.",
        "holdfast_ledger_witness_lag_seconds": "Time for which the newest checkpoint has lacked its quorum.",
        "holdfast_ledger_witness_requests_total": "Requests for cosignatures, by their result.",
        "holdfast_ledger_witnessed_entries": "Entries up to which the ledger has its quorum of witnesses.",
        "holdfast_open_streams": "Streams that are being answered.",
        "holdfast_probes_total": "Probes of models, by their result.",
        "holdfast_provider_connections": "Open connections to providers and engines.",
        "holdfast_request_duration_seconds": "Time from a request's arrival to the end of its answer.",
        "holdfast_requests_total": "Requests by their outcome.",
        "holdfast_rescue_tokens_total": "Tokens of attempts that were overtaken and heard by no caller.",
        "holdfast_rescues_total": "Candidates asked beside a silent stream.",
        "holdfast_supervised_requests_total":
            "Requests on supervised routes, by the part of them that was supervised.",
        "holdfast_supervision_duration_seconds": "Time for which a verdict was waited for.",
        "holdfast_supervision_errors_total": "Judgements that were not made, by the reason.",
        "holdfast_supervision_verdicts_total": "Verdicts, by ruling and by the stage that they rest on.",
        "holdfast_supervision_waiting": "Large judgements that wait, or are worked on.",
        "holdfast_supervisor_up": "Whether the supervisor gives verdicts.",
        "holdfast_supervisor_failures_total":
            "Judgements that the supervisor's second model could not make, by reason.",
        "holdfast_supervisor_windows_total": "Windows of text for the supervisor's second model, by result.",
        "holdfast_time_to_first_byte_seconds": "Time from a request's arrival to its answer's first byte.",
        "holdfast_tokens_total": "Tokens that were used.",
        "holdfast_unproven_body_bytes": "Bytes of bodies of signed requests whose signatures are not checked yet.",
        "holdfast_unread_answer_bytes": "Bytes of answers that wait for callers to read them.",
        "holdfast_warming_requests_total": "Requests that keep candidates warm, by their result.",
        "process_resident_memory_bytes": "Resident memory of the gateway; engines are not in it.",
    ]
}
