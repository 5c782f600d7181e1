"""HTTP/1.1 by hand, for what no client would send."""

import json
import socket

from patience import PATIENCE


class Wire:
    """A connection to a Holdfast; `with Wire(holdfast) as wire:`."""

    def __init__(self, holdfast, timeout=PATIENCE):
        self.holdfast = holdfast
        self.socket = socket.create_connection(("127.0.0.1", holdfast.port), timeout)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def head(self, *, method="POST", path="/v1/chat/completions", version="HTTP/1.1", fields=(), length=None, key=None):
        """The head of a request, with a good key unless another is given."""
        lines = [f"{method} {path} {version}", "host: localhost", f"x-api-key: {key or self.holdfast.key}"]
        lines += [f"{name}: {value}" for name, value in fields]
        if length is not None:
            lines.append(f"content-length: {length}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def post(self, body, **head):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send(self.head(length=len(data), **head) + data)

    def _more(self):
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        self.received += data
        return bool(data)

    def answer(self):
        """The next answer, as `(status, fields, body)`; None if the
        connection was closed instead."""
        while b"\r\n\r\n" not in self.received:
            if not self._more():
                assert not self.received, f"half an answer: {self.received[:200]}"
                return None
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines)
        status = int(first.split()[1])
        if status == 100:
            return status, fields, b""
        if fields.get("transfer-encoding") == "chunked":
            body = b""
            while True:
                while b"\r\n" not in self.received:
                    assert self._more(), "cut in the middle"
                size, self.received = self.received.split(b"\r\n", 1)
                size = int(size, 16)
                while len(self.received) < size + 2:
                    assert self._more(), "cut in the middle"
                body, self.received = body + self.received[:size], self.received[size + 2 :]
                if size == 0:
                    return status, fields, body
        if "content-length" in fields:
            length = int(fields["content-length"])
            while len(self.received) < length:
                assert self._more(), "cut in the middle"
        else:
            while self._more():
                pass
            length = len(self.received)
        body, self.received = self.received[:length], self.received[length:]
        return status, fields, body

    def error(self):
        """The next answer's status and message, in OpenAI's shape."""
        found = self.answer()
        assert found is not None, "closed without a word"
        status, fields, body = found
        assert fields["content-type"].startswith("application/json"), fields
        error = json.loads(body)["error"]
        assert error["message"] and fields["x-request-id"].startswith("req_")
        return status, error["message"]

    def drain(self):
        """Reads and forgets what has come."""
        self.socket.setblocking(False)
        try:
            while self.socket.recv(1 << 20):
                pass
        except BlockingIOError:
            pass
        finally:
            self.socket.settimeout(PATIENCE)

    def is_closed(self):
        """Waits until the server has closed the connection: less than the 30 s after which it closes one on which no
        request comes."""
        self.socket.settimeout(25)
        try:
            while self._more():
                pass
        except TimeoutError:
            return False
        return True
