/// Our key, our account and its money.
extension Rules {
    // MARK: Our key

    static let credential = [
        Rule(
            "bad-key", .credential, .credential, statuses: notServer,
            codes: [
                "invalid_api_key", "authentication_error", "invalid_authentication", "unrecognizedclientexception",
                "invalidsignatureexception", "expiredtokenexception", "invalidclienttokenid",
                "incompletesignatureexception", "missingauthenticationtokenexception", "api_key_invalid",
                "unauthenticated", "invalid_api_key_error", "expired_api_key", "authenticationerror",
                "invalid_request_signature", "access_token_expired", "api_key_service_blocked",
                "api_key_ip_address_blocked", "api_key_http_referrer_blocked", "invalid_token", "token_expired",
                "invalid_key",
            ],
            words: [
                "api key not valid", "incorrect api key", "invalid api key", "invalid x-api-key", "api key expired",
                "api key is invalid", "invalid authentication", "security token included in the request is",
                "invalid subscription key", "no auth credentials", "missing api key", "api key not found",
                "provide an api key", "invalid bearer token", "api key has been", "invalid token",
                "signature we calculated", "revoked api key", "no api key", "invalid or expired",
                "authentication fails", "reported as leaked", "invalid api token", "unregistered callers",
                "token has been revoked", "token has expired", "token is expired", "api key was",
                "invalid api-key", "invalid credentials", "could not be authenticated", "api key is missing",
                "wrong api key", "missing authentication", "bad credentials", "key is not valid", "invalid key",
                "key has expired", "didn't provide an api key", "credentials are missing", "not a valid api key",
                "api key is disabled", "api key is expired",
            ],
            unless: [
                "organization has been disabled", "account has been disabled", "suspended",
                "deactivated organization", "account has been deactivated", "account is disabled",
            ], isEither: true)
    ]

    // MARK: The account as a whole, and its money

    static let account = [
        Rule(
            "region", .denied, .credential, statuses: notServer, codes: ["unsupported_country_region_territory"],
            words: [
                "country, region, or territory", "unsupported countr", "unsupported region",
                "region is not supported", "region not supported", "location is not supported",
                "from your country", "from your region", "not available in your location",
                "country is not supported", "country not supported", "user location is not supported",
                "not supported in your country",
                "not supported in your region", "your region is not", "not available in your country",
            ], isEither: true),
        Rule(
            "account-closed", .denied, .credential, statuses: notServer,
            codes: [
                "account_deactivated", "account_suspended", "organization_disabled", "service_disabled",
                "consumer_suspended", "consumer_invalid", "account_disabled", "organization_suspended",
                "organization_deactivated", "project_suspended",
                "organization_restricted", "ip_not_authorized",
            ],
            words: [
                "organization has been disabled", "account has been suspended", "account has been disabled",
                "account has been deactivated", "account has been terminated", "account is suspended",
                "account is disabled", "account is not active", "organization has been suspended",
                "project has been denied", "project has been suspended", "account was suspended",
                "your account is currently blocked", "organization is disabled", "deactivated",
                "account is blocked", "account has been blocked", "account was disabled",
                "organization has been blocked", "organization is suspended", "account has been closed",
                "account has been banned", "organisation has been", "organisation is disabled",
                "is not allowed for this account", "project is disabled", "account disabled", "account suspended",
                "subscription is disabled", "account is not authorized to use",
            ],
            unless: [
                "billing", "spending", "spend limit", "balance", "past invoices", "credit", "payment",
                "rate limit",
            ], isEither: true),
        // No free tier left, or nothing of the model: a limit of none.
        Rule(
            "limit-of-zero", .withdrawn, .model, .ambiguous, statuses: [429...429],
            words: ["limit: 0,", "limit: 0.", "limit: 0 ", "limit 0,", "limit 0 ", "limit of 0 ", "limit: 0\n"]),
        Rule(
            "limit-of-zero-end", .withdrawn, .model, .ambiguous, statuses: [429...429], words: ["limit: 0"],
            unless: ["limit: 0."] + (1...9).map { "limit: 0\($0)" }),
        // Google says "quota" of a minute's requests, too.
        Rule(
            "quota-per-minute", .throttled, .credentialModel, statuses: [429...429],
            words: ["perminute", "per minute", "per_minute", "retry in", "retrydelay", "try again in", "per second"],
            unless: [
                "perday", "per day", "per month", "/ month", "credit", "monthly",
                "spend",
            ], unlessCodes: ["insufficient_quota"]),
        Rule(
            "out-of-quota", .exhausted, .credential, statuses: [0...499, 503...503],
            codes: [
                "insufficient_quota", "billing_error", "billing_not_active", "billing_hard_limit_reached",
                "servicequotaexceededexception", "insufficient_balance", "credits_exhausted", "payment_required",
                "quota_exceeded", "insufficient_credits", "exceeded_current_quota_error", "insufficient_funds",
                "arrearage", "billing_disabled", "spend_limit_reached", "spending_limit_reached",
                "credit_limit_reached", "usage_limit_reached", "insufficient_user_quota", "budget_exceeded",
                "quotaexceeded",
            ],
            words: [
                "exceeded your current quota", "credit balance is too low", "insufficient credit",
                "insufficient balance", "insufficient funds", "insufficient quota", "out of credits", "more credits",
                "billing hard limit", "billing problem", "billing details", "spend limit", "spending limit",
                "monthly limit", "usage limit", "exceeds the service quota", "payment required", "prepaid credits",
                "no credits", "used all available credits", "usage cap", "monthly quota",
                "account is not active, please check your billing",
                "not active, please check your billing", "balance is not enough", "credits are depleted",
                "credit limit", "requires billing", "enable billing", "any credits", "calls / month",
                "calls per month", "credits exhausted", "spend cap", "spending cap", "past invoices",
                "out of credit", "enough credit", "not enough balance", "budget has been exceeded",
                "exceeded budget", "purchase credits", "exceeded your monthly", "monthly spend", "monthly budget",
                "perday", "daily quota", "exceeded your quota", "quota has been exhausted", "run out of credit",
                "top up", "recharge", "overdue", "unpaid",
            ], isEither: true),
        Rule("payment-required", .exhausted, .credential, statuses: [402...402]),
    ]

    // MARK: May we?

    static let access = [
        Rule(
            "no-permission", .denied, .credentialModel, statuses: notServer,
            codes: [
                "permission_error", "accessdeniedexception", "permission_denied", "access_denied", "permissiondenied",
                "request_forbidden", "forbidden", "permissions_error", "permission_denied_error",
                "permissiondeniederror", "insufficient_permissions", "model_permission_blocked_org",
                "model_permission_blocked_project", "access_terminated_error",
            ])
    ]
}
