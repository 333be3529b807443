"""The ways in and out of an installation, the same for the stack and for the embedded form."""

import concurrent.futures
import dataclasses
import json
import time
import urllib.parse

import urllib3


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    content: bytes

    @property
    def json(self):
        return json.loads(self.content)

    @property
    def problem(self):
        """The last word of a problem's type."""
        return self.json["type"].rsplit(":", 1)[-1]


@dataclasses.dataclass
class Upload:
    """A log that is to be sent, and what is said of it."""

    log_id: str
    body: bytes
    route: str = "api"
    consent: str | None = None
    metadata: dict = dataclasses.field(default_factory=dict)
    # Of a body that says nothing of its type API Gateway makes text, and spoils what is none.
    content_type: str = "application/octet-stream"


class Door:
    """HTTP to one API."""

    def __init__(self, url, headers=None, certificates=None):
        self.url, self.headers = url, headers or {}
        self.pool = urllib3.PoolManager(maxsize=16, ca_certs=certificates, retries=False, timeout=60)

    def ask(self, method, path, body=None, headers=None, **query):
        url = path if "://" in path else self.url + path
        if query:
            url += "?" + urllib.parse.urlencode(query)
        said = {**self.headers, **(headers or {})}
        said = {name: value for name, value in said.items() if value is not None}
        got = self.pool.request(method, url, body=body, headers=said)
        return Answer(got.status, dict(got.headers), got.data)

    def get(self, path, **query):
        """The answer's JSON; anything but 200 is a failure."""
        answer = self.ask("GET", path, **query)
        assert answer.status == 200, (path, answer.status, answer.content[:500])
        return answer.json

    def pages(self, path, rows, **query):
        """All rows of a paged reply."""
        found, after = [], {}
        while True:
            page = self.get(path, **query, **after)
            found += page[rows]
            if page["next"] is None:
                return found
            after = {"after": page["next"]}


class Uploads(Door):
    """The upload API of one product, with its inbox: `put_into_inbox(name, body, metadata)`."""

    def __init__(self, url, headers, certificates=None, put_into_inbox=None):
        super().__init__(url, headers, certificates)
        self.put_into_inbox = put_into_inbox

    def send(self, upload):
        """Sends by the upload's own route."""
        return getattr(self, "by_" + upload.route)(upload)

    def by_api(self, upload):
        said = {"x-logbook-log-id": upload.log_id, "x-logbook-consent": upload.consent,
                "content-type": upload.content_type}
        said |= {f"x-logbook-{name.replace('_', '-')}": value.encode() for name, value in upload.metadata.items()}
        return self.ask("POST", "/v1/logs", upload.body, said)

    def ticket(self, upload, **other):
        asked = {"bytes": len(upload.body), "log_id": upload.log_id, **upload.metadata, **other}
        if upload.consent:
            asked["consent"] = upload.consent
        return self.ask("POST", "/v1/uploads", json.dumps(asked).encode())

    def by_ticket(self, upload):
        ticket = self.ticket(upload)
        return ticket if ticket.status != 201 else self.put(ticket.json, upload.body)

    def put(self, ticket, body, headers=None):
        """Redeems a ticket: nothing but what it says is sent with the body."""
        said = {**ticket["headers"], **(headers or {})}
        got = self.pool.request("PUT", ticket["url"], body=body, headers=said)
        return Answer(got.status, dict(got.headers), got.data)

    def by_inbox(self, upload):
        said = {"consent": upload.consent, **upload.metadata}
        said = {f"logbook-{name.replace('_', '-')}": value for name, value in said.items() if value}
        self.put_into_inbox(upload.log_id, upload.body, said)
        return Answer(202, {}, b"")

    def send_all(self, uploads, threads=6):
        """Sends all; those of one id one after the other, in order. Answers in the same order."""
        lanes = [[] for _ in range(threads)]
        for number, upload in enumerate(uploads):
            lanes[hash(upload.log_id) % threads].append(number)
        answers = [None] * len(uploads)

        def lane(numbers):
            for number in numbers:
                answers[number] = self.send(uploads[number])

        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            list(pool.map(lane, lanes))
        return answers

    def receipt(self, log_id):
        answer = self.ask("GET", f"/v1/logs/{log_id}/receipt")
        return answer.json if answer.status == 200 else None


def until(condition, what, seconds=150, pause=0.2):
    """Waits until a condition gives something true, and gives that."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(pause)
