"""AWS's Signature Version 4 of a POST, as boto3 makes it for Bedrock: with the standard library, and apart from the
code that is measured.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import time
from urllib.parse import quote


def sign(key: str, secret: str, region: str, service: str, host: str, path: str, body: bytes) -> dict[str, str]:
    """The header fields that sign such a request, from now on."""
    now = time.gmtime()
    date, moment = time.strftime("%Y%m%d", now), time.strftime("%Y%m%dT%H%M%SZ", now)
    signed = {"content-type": "application/json", "host": host, "x-amz-date": moment}
    names = ";".join(signed)
    fields = "".join(f"{name}:{value}\n" for name, value in signed.items())
    payload = hashlib.sha256(body).hexdigest()
    # Every segment is escaped once more than it came.
    request = "\n".join(["POST", quote(path, safe="/-_.~"), "", fields, names, payload])
    scope = f"{date}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    signer = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        signer = hmac.digest(signer, part.encode(), "sha256")
    signature = hmac.digest(signer, text.encode(), "sha256").hex()
    credential = f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {"authorization": credential, "x-amz-date": moment, "content-type": "application/json"}
