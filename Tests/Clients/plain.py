"""Requests by hand, and all that came back: a client's own reader would keep some of it to itself."""

import http.client
import json
import urllib.parse


class Answered:
    def __init__(self, response):
        self.status_code = response.status
        self.headers = response.headers
        self.content = response.read()
        self.text = self.content.decode(errors="replace")

    def json(self):
        return json.loads(self.content)


def send(method, url, headers=None, content=b"", **more):
    """`json=…` for a body as JSON."""
    if "json" in more:
        content = json.dumps(more["json"])
    where = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(where.netloc, timeout=60)
    fields = {"content-type": "application/json", **(headers or {})}
    try:
        target = urllib.parse.urlunsplit(("", "", where.path, where.query, ""))
        connection.request(method, target, content.encode() if isinstance(content, str) else content, fields)
        return Answered(connection.getresponse())
    finally:
        connection.close()


def post(url, **more):
    return send("POST", url, **more)


def get(url, **more):
    return send("GET", url, **more)
