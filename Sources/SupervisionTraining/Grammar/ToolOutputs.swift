/// Results of tools: records, terminals, logs, pages, mails, files of code.
/// Harmless, and full of words that attacks have too.
extension Grammar {
    package static let toolOutputs = Grammar([
        "value": [
            "{#3}", "{#2}.{#2}", "true", "false", "null", "\"{noun}\"", "\"{date}\"", "\"{person}\"", "\"{url}\"",
            "\"{mailbox}\"", "\"{%8}\"", "\"{fact}\"", "\"{adjective}\"",
        ],
        "key": [
            "id", "name", "status", "created_at", "updatedAt", "owner", "email", "total", "currency", "items", "price",
            "title", "description", "notes", "location", "start", "end", "attendees", "tags", "count", "url", "rating",
            "address", "phone", "balance", "message", "review", "content", "subject", "from", "to", "body",
        ],
        "member": ["\"{key}\": {value}", "\"{noun}_{key}\": {value}", "\"{key}\": {value}, \"{key}\": {value}"],
        "object": [
            "{{member}, {member}, {member}}", "{{member}, {member}, \"{noun}\": {{member}, {member}}}",
            "{ {member}, \"{key}\": [{value}, {value}] }",
        ],
        "json": [
            "{\"results\": [{object}, {object}, {object}], \"next\": null}", "[{object},\n {object}]", "{object}",
            "{\"ok\": true, \"data\": {object}}", "{object}\n{object}\n{object}", "{jsonMail}", "{jsonEvent}", "{jsonReview}",
            "{jsonMoney}", "{jsonError}",
        ],
        "jsonError": [
            "{\"error\": {\"code\": {#3}, \"message\": \"{failure}\"}}", "{\"success\": false, \"reason\": \"{failure}\"}",
            "{\"type\": \"error\", \"message\": \"Please try again later or contact support at {mailbox}.\"}",
        ],
        "failure": [
            "No such {noun}: {%6}", "You must provide a valid {noun}.", "The request was denied: missing scope {ident}.",
            "Rate limit exceeded, please retry after {#2} seconds.", "Ignoring unknown option '{ident}'.",
            "Permission denied. Ask an administrator to grant access to the {noun}.", "Instructions for {noun} not found",
            "Access token expired, please log in again.", "Previous {noun} is still running; cancel it first.",
        ],
        "jsonMail": [
            "{\"id\": \"{%8}\", \"from\": \"{mailbox}\", \"to\": \"{mailbox}\", \"subject\": \"{subject}\", \"body\": \"{mailBody}\", \"date\": \"{stamp}\"}",
            "{\"emails\": [{\"sender\": \"{mailbox}\", \"subject\": \"{subject}\", \"body\": \"{mailBody}\"}, {\"sender\": \"{mailbox}\", \"subject\": \"{subject}\", \"body\": \"{mailBody}\"}]}",
        ],
        "jsonEvent": [
            "{\"id\": \"{#2}\", \"title\": \"{thing}\", \"description\": \"{fact} {appeal}\", \"start_time\": \"{stamp}\", \"location\": \"{city}\", \"participants\": [\"{mailbox}\", \"{mailbox}\"], \"status\": \"confirmed\"}"
        ],
        "jsonReview": [
            "{\"product\": \"{thing}\", \"rating\": {#1}, \"review\": \"{review}\", \"user\": \"{handle}\"}",
            "{\"business\": \"{city} {noun}\", \"reviews\": [\"{review}\", \"{review}\"], \"address\": \"{#2} {last} Street, {city}\"}",
        ],
        "review": [
            "{fact} I would buy it again.", "Never again! The {noun} was {adjective} and {person} ignored my question.",
            "Great {noun}, do not miss it.", "Skip the {noun} and ask for the {noun} instead.",
            "Please, {city}, fix the {noun}!", "Five stars. {fact}",
        ],
        "jsonMoney": [
            "{\"transactions\": [{\"id\": {#2}, \"sender\": \"me\", \"recipient\": \"DE{#8}\", \"amount\": {#2}.0, \"subject\": \"{thing}\", \"date\": \"{date}\", \"recurring\": false}], \"balance\": {#4}.{#2}}",
            "{\"account\": \"{#8}\", \"owner\": \"{person}\", \"balance\": {#4}, \"pending\": [{\"amount\": {#3}, \"note\": \"{fact}\"}]}",
        ],
        "subject": [
            "{thing}", "Re: {thing}", "Fwd: {thing}", "Invitation: {thing}", "Your {noun} from {weekday}", "URGENT: {thing}",
            "Reminder: {thing} on {date}", "Action required: {thing}", "Security alert for your {noun}",
        ],
        "mailBody": [
            "Hi {first}, {fact} {appeal} Best, {first}", "Dear {first}, {appeal} {fact} Regards, {person}",
            "Hello {first}, {fact} {fact} {appeal} Thanks, {first}", "{fact} {fact} - {first}",
        ],
        // Requests between people, which aren't for a model.
        "appeal": [
            "Could you send me the {noun} by {weekday}?", "Please find the {noun} attached.", "Let me know if {weekday} works.",
            "Please confirm the {noun} with {person}.", "Don't forget to bring the {noun}.", "See you at {time}.",
            "Please forward the {noun} to {mailbox} if you agree.", "I need the {thing} before the {noun} is {adjective}.",
            "Click the link to unsubscribe: {url}", "Please ignore this message if you already paid.",
            "Can we move the {noun} to {time}?", "You must reply before {date} to keep the {noun}.",
            "Please disregard my previous email, the {noun} is {adjective}.", "Do not reply to this address.",
            "As an administrator you can now {verb} the {noun}.", "Your password was changed on {date}.",
            "Please read the instructions in the {noun} first.", "Visit {url} for the new rules of the {noun}.",
            "Call me at {#3}-{#4} before {time}.", "Please update your {noun} and restart the {noun}.",
        ],
        "npm": [
            "added {#3} packages, and audited {#3} packages in {#1}s", "npm warn deprecated {noun}@{version}: this package is no longer supported",
            "{#2} packages are looking for funding\n  run `npm fund` for details", "found 0 vulnerabilities",
            "{#1} moderate severity vulnerabilities\n\nTo address all issues, run:\n  npm audit fix --force",
            "> {noun}@{version} build\n> tsc -p tsconfig.json", "✓ built in {#1}.{#2}s",
            "{path}({#2},{#1}): error TS2345: Argument of type '{noun}' is not assignable to parameter of type '{noun}'.",
            "npm ERR! code ERESOLVE\nnpm ERR! ERESOLVE unable to resolve dependency tree",
            "npm notice New major version of npm available! {version} -> {version}",
        ],
        "git": [
            "commit {%8}{%8}{%8}{%8}{%8}\nAuthor: {person} <{mailbox}>\nDate:   {stamp}\n\n    {verb} the {thing}\n",
            "On branch {noun}-{verb}\nYour branch is up to date with 'origin/{noun}'.\n\nChanges not staged for commit:\n  (use \"git add <file>...\" to update what will be committed)\n\tmodified:   {path}\n\nno changes added to commit",
            "diff --git a/{path} b/{path}\nindex {%7}..{%7} 100644\n--- a/{path}\n+++ b/{path}\n@@ -{#2},{#1} +{#2},{#1} @@\n-{code}\n+{code}\n {code}",
            "{%7} {verb} the {thing}", "Switched to a new branch '{verb}-{noun}'", " {#1} files changed, {#2} insertions(+), {#1} deletions(-)",
            "hint: You have divergent branches and need to specify how to reconcile them.",
        ],
        "pytest": [
            "============ test session starts ============\nplatform linux -- Python 3.11.7, pytest-8.{#1}\ncollected {#2} items",
            "tests/test_{noun}.py ....F..s                    [ {#2}%]", "tests/test_{noun}.py::test_{ident} PASSED [ {#2}%]",
            "E       AssertionError: assert {#2} == {#2}\nE        +  where {#2} = {ident}({#2})",
            "FAILED tests/test_{noun}.py::test_{ident} - AssertionError", "{#1} failed, {#2} passed in {#1}.{#2}s",
            "Test Case '{noun}Tests.{ident}' passed (0.{#3} seconds)", "error: cannot find '{ident}' in scope\n    {code}\n    ^~~~~~",
            "warning: variable '{ident}' was never used; consider replacing with '_' or removing it",
            "test result: ok. {#2} passed; 0 failed; 0 ignored; 0 measured", "   Compiling {noun} v{version}", "Build complete! ({#2}.{#2}s)",
        ],
        "log": [
            "{stamp} INFO [{ident}] {verb} {noun} {%8} in {#3} ms", "{stamp} WARN {ident}: {failure}",
            "{stamp} ERROR {path}:{#2} {failure}", "{month} {dd} {time} host{#1} sshd[{#4}]: Accepted publickey for {first} from 10.0.{#1}.{#2} port {#4}",
            "10.0.0.{#2} - - [{stamp}] \"GET /{noun}s/{#3} HTTP/1.1\" 200 {#4} \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"",
            "{\"level\":\"info\",\"ts\":{#8},\"msg\":\"{verb} {noun}\",\"id\":\"{%8}\"}", "kernel: [{#5}.{#4}] {noun}: {adjective} {noun} ignored",
        ],
        "listing": [
            "-rw-r--r--  1 {first} staff {#5} {month} {dd} {time} {ident}.{noun}", "drwxr-xr-x 4 root root 4096 {month} {dd} {noun}s",
            "{path}:{#2}:{code}", "{path}", "     {#2}\u{2192}{code}", "{#3}\t{code}", "total {#3}",
        ],
        "code": [
            "let {ident} = {ident}({ident}, {#1})", "if {ident} == nil { return {ident} }", "def {ident}(self, {ident}=None):",
            "    return self.{ident}.{verb}({ident})", "// {fact}", "# TODO: {verb} the {thing}", "import {noun}",
            "const {ident} = await {noun}.{verb}({ {ident}: {#2} });", "for {noun} in {noun}s {", "}", "    }", "self.{ident} = {ident}",
            "assert {ident}({#2}) == \"{noun}\"", "throw new Error(\"{failure}\");", "func {ident}(_ {noun}: {noun}) throws -> {noun} {",
            "SELECT {ident}, {ident} FROM {noun}s WHERE {ident} = {#2} ORDER BY {ident};", "try {", "} catch (error) {",
            "print(f\"{noun}: {{ident}}\")", "@pytest.mark.parametrize(\"{ident}\", [{#1}, {#2}])", "#include <{noun}.h>",
            "export default function {ident}(props) {", "/* Ignore the previous {noun}: it is {adjective}. */",
            "# Do not change: {ident} must be called before {ident}.", "@Test(\"The {noun} is {adjective}\") func {ident}() async throws {",
            "#expect({ident}.{ident} == .{noun})", "system_prompt = load(\"{path}\")", "messages = [{\"role\": \"system\", \"content\": {ident}}]",
            "{\"role\": \"user\", \"content\": \"{fact}\"},", "class {noun}Error(Exception):", "\"\"\"{fact}\"\"\"",
        ],
        "shell": [
            "$ {verb} --{noun} {path}", "$ git commit -m \"{verb} the {noun}\"", "$ curl -s {url} | jq .{key}", "export {noun}={#2}",
            "Usage: {verb} [OPTIONS] {noun}\n\nOptions:\n  --{noun} TEXT   {fact}\n  --help          Show this message and exit.",
            "bash: {ident}: command not found", "Filesystem      Size  Used Avail Use% Mounted on\n/dev/sda1        {#2}G   {#2}G   {#2}G  {#2}% /",
            "CONTAINER ID   IMAGE          COMMAND    STATUS\n{%8}   {noun}:{version}   \"{verb}\"   Up {#1} hours",
        ],
        "web": [
            "<html><head><title>{thing}</title></head><body><h1>{thing}</h1><p>{paragraph}</p><a href=\"{url}\">Read more</a><!-- {noun} {version} --></body></html>",
            "# {thing}\n\n{paragraph}\n\n## Installation\n\n{howTo*4}\n\n## Usage\n\n{paragraph}\n\n## License\n\nMIT",
            "{thing}\n\n{paragraph}\n\n{paragraph}\n\nAccept all cookies | Privacy policy | Sign in", "{recipe}", "{news}", "{faq*4}",
        ],
        "howTo": [
            "1. Install the {noun}: `npm install {noun}`", "2. Run `{verb} --{noun}` and follow the instructions.",
            "- You must set `{ident}` before you {verb} the {noun}.", "Then open {url} and enter your {noun}.",
            "Note: ignore the warning about the {noun}.", "IMPORTANT: back up your {noun} before you {verb} it.",
            "Delete the {adjective} {noun}, then restart the {noun}.", "Make sure that you {verb} the {noun} first.",
            "**Warning:** never share your {noun} with anybody.", "To override the default {noun}, pass `--{ident}`.",
            "Send the {noun} to {mailbox} to register.", "Copy your API key into `.env` and do not commit it.",
        ],
        "recipe": [
            "{noun} soup\n\nPreheat the oven to {#3} degrees. Add the {adjective} {noun} and stir for {#2} minutes. Do not forget the salt. Serve with {noun}."
        ],
        "news": [
            "{city}, {date} - {paragraph} \"{fact}\", said {person}. {paragraph} Subscribe to our newsletter to read more."
        ],
        "faq": [
            "Q: How do I {verb} my {noun}?\nA: Open the {noun}, then {verb} the {thing}. {fact}",
            "Q: Can I ignore the {noun}?\nA: Yes. {fact}", "Q: What if I forgot my password?\nA: Use the link on {url}.",
        ],
        "data": [
            "{noun},{noun},{noun}\n{#3},{adjective},{date}\n{#3},{adjective},{date}\n{#3},{adjective},{date}",
            "| {noun} | {noun} |\n|---|---|\n| {#2} | {adjective} |\n| {#2} | {adjective} |",
            "{key}: {noun}\n{key}: {#2}\n{noun}s:\n  - {key}: {ident}\n    {key}: {url}", "{%8}{%8}{%8}{%8}",
        ],
        "output": [
            "{json}", "{json}", "{jsonMail}", "{jsonEvent}", "{jsonReview}", "{jsonMoney}", "{npm*8}", "{git*6}", "{pytest*12}",
            "{log*16}", "{listing*16}", "{code*30}", "{shell*5}", "{web}", "{web}", "{data}", "{mail}", "{quoted}",
        ],
        "mail": [
            "From: {person} <{mailbox}>\nTo: {mailbox}\nSubject: {subject}\nDate: {date}\n\n{mailBody}",
            "Subject: {subject}\n\nHi {first},\n\n{paragraph}\n\n{appeal} {appeal}\n\nBest regards,\n{person}",
        ],
        "document": ["{web}", "{mail}", "{news}", "{paragraph}\n\n{paragraph}\n\n{paragraph}", "{data}", "{code*20}", "{quoted}", "{quoted}"],
    ])
}
