"""The archive of a data folder, opened without the program: objects, sealed logs, pseudonyms.

Sources: docs/contract.md (sealed logs, pseudonyms); Amazon S3 Encryption Client specification,
format V3 (key derivation, commitment); RFC 5869; RFC 1952.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import urllib.parse
import zlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

MAGIC = b"LOGBOBJ1"
SUITE = b"\x00\x73"
GZIP = b"\x1f\x8b"


class Rejected(Exception):
    """A log that is refused as a whole; the reason is its argument."""


@dataclass
class Log:
    """A log of the archive, as it was before it was sealed."""

    product: str
    log_id: str
    headers: dict
    file_name: str | None
    sealed: bytes

    @property
    def consent(self):
        return self.headers["logbook-consent"]

    @property
    def received_us(self):
        return int(self.headers["logbook-received-at"])

    @property
    def content_hash(self):
        return self.headers["logbook-content-hash"]

    @property
    def said(self):
        """What the uploader said of it."""
        return json.loads(self.headers.get("logbook-metadata", "{}"))

    def body(self):
        """The bytes of the log, inflated."""
        inner = gunzip(self.sealed)
        return gunzip(inner) if inner[:2] == GZIP else inner


class Archive:
    """`store/archive` of a data folder, with its keys."""

    def __init__(self, data):
        data = pathlib.Path(data)
        self.root = data / "store/archive"
        self.wrapping = (data / "keys/kek.key").read_bytes()
        self.hashing = (data / "keys/hmac.key").read_bytes()
        self.data_keys = {}
        self.pseudonym_keys = {}

    def keys(self, prefix):
        """The keys of objects below a prefix, which ends in a slash."""
        for path in sorted((self.root / prefix).rglob("*@")):
            yield urllib.parse.unquote(path.relative_to(self.root).as_posix()[:-1]), path

    def logs(self, product):
        """All logs of a product, opened."""
        for key, path in self.keys(f"archive/{product}/"):
            log_id = key.rsplit("/", 1)[1]
            shard = hashlib.sha256(log_id.encode()).hexdigest()[:2]
            assert key == f"archive/{product}/{shard}/{log_id}", key
            yield self.opened(product, log_id, *read_object(path))

    def contracts(self, product):
        """What is agreed with a product's accounts, by account."""
        for key, path in self.keys("config/accounts/"):
            if key == f"config/accounts/{product}.json":
                return json.loads(read_object(path)[1])["accounts"]
        return {}

    def edge_notes(self, product):
        """The days on which a delivery was a duplicate at the door, one for each."""
        return [key.split("/")[2] for key, _ in self.keys(f"edge/{product}/")]

    def opened(self, product, log_id, headers, body):
        """Opens a sealed log; what does not fit fails."""
        assert (headers["x-amz-c"], headers["x-amz-w"]) == ("115", "02"), headers
        context = json.loads(headers["x-amz-m"])
        assert context == {"logbook:product": product}, context
        message_id = base64.b64decode(headers["x-amz-i"], validate=True)
        prk = hmac.digest(message_id, self.data_key(product, headers["x-amz-3"]), "sha512")
        commitment = HKDFExpand(SHA512(), 28, SUITE + b"COMMITKEY").derive(prk)
        assert hmac.compare_digest(commitment, base64.b64decode(headers["x-amz-d"], validate=True))
        content_key = HKDFExpand(SHA512(), 32, SUITE + b"DERIVEKEY").derive(prk)
        sealed = AESGCM(content_key).decrypt(b"\x01" * 12, body, SUITE)
        file_name, comment = gzip_names(sealed)
        assert comment == log_id, (comment, log_id)
        return Log(product, log_id, headers, file_name, sealed)

    def data_key(self, product, wrapped):
        """Unwraps a data key: nonce, key, tag, under the product's wrapping key."""
        if wrapped not in self.data_keys:
            info = b"logbook local wrapping key 1\0" + product.encode()
            key = HKDF(SHA512(), 32, None, info).derive(self.wrapping)
            raw = base64.b64decode(wrapped, validate=True)
            self.data_keys[wrapped] = AESGCM(key).decrypt(raw[:12], raw[12:], b"115")
        return self.data_keys[wrapped]

    def pseudonym(self, product, kind, text):
        """What stands for a user, an installation or an account; a pseudonym stays itself."""
        if len(text) == 22 and text.startswith("p:"):
            return text
        if product not in self.pseudonym_keys:
            info = f"logbook/pseudonym/{product}".encode()
            self.pseudonym_keys[product] = HKDF(SHA256(), 32, None, info).derive(self.hashing)
        named = kind.encode() + b"\0" + text.strip().encode()
        digest = hmac.digest(self.pseudonym_keys[product], named, "sha256")
        return "p:" + base64.urlsafe_b64encode(digest[:15]).decode()


def read_object(path):
    """Metadata and body of an object: magic, length of the JSON, JSON, body."""
    raw = path.read_bytes()
    assert raw[:8] == MAGIC, path
    end = 12 + int.from_bytes(raw[8:12], "little")
    return json.loads(raw[12:end])["metadata"], raw[end:]


def gzip_names(raw):
    """Name and comment of a gzip header."""
    assert raw[:3] == GZIP + b"\x08" and raw[3] in (0x10, 0x18), raw[:10]
    names = raw[10:].split(b"\0", 2)
    return (names[0].decode(), names[1].decode()) if raw[3] == 0x18 else (None, names[0].decode())


def gunzip(raw):
    """Inflates a gzip stream of one member or more."""
    out = []
    while raw:
        member = zlib.decompressobj(wbits=31)
        try:
            out.append(member.decompress(raw))
        except zlib.error as error:
            raise Rejected("corrupt") from error
        if not member.eof:
            raise Rejected("truncated")
        raw = member.unused_data
    return b"".join(out)
