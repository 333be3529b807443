"""A Runtime API for one program at a time, which tells when it was called."""

import json
import os
import re
import signal
import socket
import time

WAIT_SECS = 30


class RuntimeApi:
    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(WAIT_SECS)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]

    def start(self, command, environment):
        """Starts a program; the time is taken just before."""
        environment = {**environment, "AWS_LAMBDA_RUNTIME_API": self.address}
        silent = [(os.POSIX_SPAWN_OPEN, 1, self.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                  (os.POSIX_SPAWN_DUP2, 1, 2)]
        begun = time.perf_counter()
        pid = os.posix_spawn(command[0], [str(part) for part in command], environment, file_actions=silent)
        return pid, begun

    output = os.devnull

    def until_called(self, command, environment):
        """Milliseconds from exec to the first call of the Runtime API."""
        pid, begun = self.start(command, environment)
        try:
            connection, _ = self.listener.accept()
            with connection:
                connection.recv(16)
                return (time.perf_counter() - begun) * 1000
        finally:
            self.end(pid)

    def until_answered(self, command, environment, event):
        """The same to the first call, and to the answer to an event; and that answer."""
        pid, begun = self.start(command, environment)
        try:
            connection, _ = self.listener.accept()
            connection.settimeout(WAIT_SECS)
            read_request(connection)
            called = time.perf_counter()
            connection.sendall(invocation(json.dumps(event).encode()))
            line, answer = read_request(connection)
            if not line.startswith("POST"):
                # Another connection was opened for the answer.
                connection, _ = self.listener.accept()
                line, answer = read_request(connection)
            answered = time.perf_counter()
            connection.sendall(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
            if not line.split(" ")[1].endswith("/response"):
                raise RuntimeError(f"{command[0]}: {line}: {answer.decode()}")
            return (called - begun) * 1000, (answered - begun) * 1000, json.loads(answer)
        finally:
            self.end(pid)

    def end(self, pid):
        """Ends a program, and what it may have begun to ask: the next one's call is the first."""
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self.listener.settimeout(0)
        try:
            while True:
                self.listener.accept()[0].close()
        except BlockingIOError:
            self.listener.settimeout(WAIT_SECS)


def invocation(body):
    head = (
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
        "lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n"
        f"lambda-runtime-deadline-ms: {int((time.time() + 60) * 1000)}\r\n"
        "lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:123456789012:function:cold\r\n"
        f"content-length: {len(body)}\r\n\r\n")
    return head.encode() + body


def read_request(connection):
    """The first line and the body of a request."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return "", b""
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    text = head.decode()
    if re.search(r"^transfer-encoding: *chunked", text, re.M | re.I):
        return text.split("\r\n", 1)[0], chunks(connection, body)
    length = re.search(r"^content-length: *(\d+)", text, re.M | re.I)
    while length and len(body) < int(length[1]):
        body += connection.recv(65536)
    return text.split("\r\n", 1)[0], body


def chunks(connection, data):
    body = b""
    while True:
        while b"\r\n" not in data:
            data += connection.recv(65536)
        size, data = data.split(b"\r\n", 1)
        size = int(size.split(b";")[0], 16)
        while len(data) < size + 2:
            data += connection.recv(65536)
        if size == 0:
            return body
        body, data = body + data[:size], data[size + 2:]
