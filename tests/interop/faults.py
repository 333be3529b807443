"""A proxy on a free port of this machine that fails as it is told to."""

import contextlib
import http.server
import threading

import requests


class Faults:
    """What became of each request, and what is to become of the next ones.

    A planned fault is a status, the headers of the answer, and whether the request is passed on
    all the same: then only the answer is lost. Requests beyond the plan pass.
    """

    def __init__(self, target, plan):
        self.target = target
        self.plan = list(plan)
        self.answered = []
        self.encodings = []


def handler(faults):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            faults.encodings.append(self.headers.get("content-encoding"))
            status, headers, passes = faults.plan.pop(0) if faults.plan else (None, {}, True)
            content = b""
            if passes:
                kept = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length")}
                answer = requests.post(faults.target + self.path, data=body, headers=kept, timeout=30)
                if status is None:
                    status, content = answer.status_code, answer.content
                    headers = {"content-type": answer.headers["content-type"]}
            faults.answered.append(status)
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    return Handler


@contextlib.contextmanager
def between(target, plan):
    """The proxy's address, and what it sees."""
    faults = Faults(target, plan)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(faults))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", faults
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
