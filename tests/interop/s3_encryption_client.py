"""The official Amazon S3 Encryption Client, driven over a pipe.

Reads one JSON request a line from standard input and writes one JSON reply a line to standard
output. S3 and KMS are simulated in this process by moto, so nothing leaves the machine and all
state ends with it. Bytes travel as base64. Requests:

  {"command": "write", "format": "V2" | "V3", "context": {..}, "plain": ..}
      the official client writes an object -> {"body", "headers", "data_key"}
  {"command": "generate_data_key", "context": {..}}
      KMS GenerateDataKey -> {"data_key", "wrapped_key"}
  {"command": "read", "body": .., "headers": {..}, "context": {..}}
      the official client reads an object, key commitment required -> {"plain", "log"}
  {"command": "read_local", .., "wrapping_key": ..}
      the same with a raw AES key in place of KMS

With --emulator it works on the S3 and KMS that `tests/emulator/run` names in its environment, and
knows two more requests:

  {"command": "write_object", "bucket", "key", "context", "plain": .., "metadata": {..}}
      the official client puts an object, with further metadata -> {}
  {"command": "read_object", "bucket", "key", "context"}
      the official client gets an object -> {"plain", "log"}

`context` is what the caller of the official client gives, without the reserved key; for
generate_data_key it is the whole KMS context. `log` is the plaintext after gunzip.
A request that fails gives {"error": ..}.
"""

import base64
import gzip
import json
import os
import sys
from contextlib import nullcontext

ON_EMULATOR = sys.argv[1:] == ["--emulator"]
if not ON_EMULATOR:
    os.environ.update(
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",
        AWS_DEFAULT_REGION="eu-central-1",
    )

import boto3
from attrs import define, field
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from moto import mock_aws
from s3_encryption import S3EncryptionClient, S3EncryptionClientConfig
from s3_encryption.materials.keyring import S3Keyring
from s3_encryption.materials.kms_keyring import KmsKeyring
from s3_encryption.materials.materials import AlgorithmSuite, CommitmentPolicy

BUCKET = "archive"
KEY = "object"


def encode(data):
    return base64.b64encode(data).decode()


def decode(text):
    return base64.b64decode(text, validate=True)


@define
class RawAesKeyring(S3Keyring):
    """The raw AES keyring of the Java client 4, which the Python client lacks: the wrapped key is
    nonce, ciphertext, tag; the associated data is the suite in decimal."""

    wrapping_key: bytes = field()

    def on_encrypt(self, enc_materials):
        raise NotImplementedError("only reads")

    def on_decrypt(self, dec_materials, encrypted_data_keys=None):
        materials = super().on_decrypt(dec_materials, encrypted_data_keys)
        [edk] = encrypted_data_keys
        if edk.key_provider_info != "AES/GCM":
            raise ValueError("not wrapped by a raw AES key")
        if materials.encryption_context_stored != materials.encryption_context_from_request:
            raise ValueError("encryption context does not match")
        nonce, wrapped = edk.encrypted_data_key[:12], edk.encrypted_data_key[12:]
        materials.plaintext_data_key = AESGCM(self.wrapping_key).decrypt(nonce, wrapped, b"115")
        return materials


class Simulation:
    def __init__(self):
        self.s3 = boto3.client("s3")
        self.kms = boto3.client("kms")
        if ON_EMULATOR:
            self.kms_key_id = os.environ["LOGBOOK_TEST_AWS_KEY"]
            return
        self.kms_key_id = self.kms.create_key()["KeyMetadata"]["KeyId"]
        location = {"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]}
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)

    def official(self, keyring=None, version="V3"):
        """A client of its own for each request: it installs itself on the S3 client it is given."""
        keyring = keyring or KmsKeyring(self.kms, self.kms_key_id)
        if version == "V3":
            config = S3EncryptionClientConfig(keyring)
        else:
            config = S3EncryptionClientConfig(
                keyring,
                encryption_algorithm=AlgorithmSuite.ALG_AES_256_GCM_IV12_TAG16_NO_KDF,
                commitment_policy=CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT,
            )
        return S3EncryptionClient(boto3.client("s3"), config)

    def write(self, request):
        self.official(version=request["format"]).put_object(
            Bucket=BUCKET,
            Key=KEY,
            Body=decode(request["plain"]),
            EncryptionContext=request["context"],
        )
        stored = self.s3.get_object(Bucket=BUCKET, Key=KEY)
        headers = stored["Metadata"]
        wrapped_key = headers.get("x-amz-3") or headers["x-amz-key-v2"]
        context = json.loads(headers.get("x-amz-t") or headers["x-amz-matdesc"])
        opened = self.kms.decrypt(CiphertextBlob=decode(wrapped_key), EncryptionContext=context)
        return {
            "body": encode(stored["Body"].read()),
            "headers": headers,
            "data_key": encode(opened["Plaintext"]),
        }

    def generate_data_key(self, request):
        made = self.kms.generate_data_key(
            KeyId=self.kms_key_id, KeySpec="AES_256", EncryptionContext=request["context"]
        )
        return {
            "data_key": encode(made["Plaintext"]),
            "wrapped_key": encode(made["CiphertextBlob"]),
        }

    def read(self, request, keyring=None):
        self.s3.put_object(
            Bucket=BUCKET, Key=KEY, Body=decode(request["body"]), Metadata=request["headers"]
        )
        return self.read_object({"bucket": BUCKET, "key": KEY} | request, keyring)

    def read_local(self, request):
        return self.read(request, RawAesKeyring(decode(request["wrapping_key"])))

    def read_object(self, request, keyring=None):
        got = self.official(keyring).get_object(
            Bucket=request["bucket"],
            Key=request["key"],
            EncryptionContext=request["context"],
        )
        plain = got["Body"].read()
        return {"plain": encode(plain), "log": encode(gzip.decompress(plain))}

    def write_object(self, request):
        self.official().put_object(
            Bucket=request["bucket"],
            Key=request["key"],
            Body=decode(request["plain"]),
            Metadata=request["metadata"],
            EncryptionContext=request["context"],
        )
        return {}


def main():
    with nullcontext() if ON_EMULATOR else mock_aws():
        simulation = Simulation()
        commands = {
            name: getattr(simulation, name)
            for name in (
                "write",
                "generate_data_key",
                "read",
                "read_local",
                "read_object",
                "write_object",
            )
        }
        for line in sys.stdin:
            request = json.loads(line)
            try:
                reply = commands[request["command"]](request)
            except Exception as error:  # the caller decides whether it was to be expected
                reply = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
