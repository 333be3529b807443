"""What each function's role reaches, and what it does not: the policies of the template, enforced."""

import botocore.exceptions
import pytest

from doors import Upload, until

DENIED = ("AccessDenied", "AccessDeniedException", "AccessDeniedError", "UnauthorizedOperation", "403")
NOTICE = b'{"title": "roles", "sections": []}'
LOG = b'{"name":"roles","time":"2026-01-01T00:00:00Z"}\n'


def tries(stack, place):
    """Each thing that a role might do, by name: service, call, arguments."""
    outputs, resources, context = stack.outputs, place["resources"], {"logbook:product": "probe"}
    archive, inbox = stack.archive, stack.inbox
    queue, dead = outputs["ParseQueueUrl"], outputs["ParseDeadLettersUrl"]
    put = {"Body": b"x"}
    found = {
        "read the registry": ("s3", "get_object", {"Bucket": archive, "Key": "config/products.toml"}),
        "change the registry": ("s3", "put_object", {"Bucket": archive, "Key": "config/products.toml2", **put}),
        "list the archive": ("s3", "list_objects_v2", {"Bucket": archive}),
        "read a sealed log": ("s3", "get_object", {"Bucket": archive, "Key": place["sealed"]}),
        "write a sealed log": ("s3", "put_object", {"Bucket": archive, "Key": "archive/probe/00/roles", **put}),
        "remove a sealed log": ("s3", "delete_object", {"Bucket": archive, "Key": place["sealed"]}),
        "note a delivery": ("s3", "put_object", {"Bucket": archive, "Key": "edge/probe/roles", **put}),
        "set a mark": ("s3", "put_object", {"Bucket": archive, "Key": "state/analyze/roles/dirty", **put}),
        "say what is agreed": ("s3", "put_object", {"Bucket": archive, "Key": "config/accounts/roles.json", "Body": b"{}"}),
        "hand on a notice": ("s3", "put_object", {"Bucket": archive, "Key": "state/notices/roles/one.json", "Body": NOTICE}),
        "read a notice": ("s3", "get_object", {"Bucket": archive, "Key": "state/notices/roles/none.json"}),
        "change the archive's policy": ("s3", "delete_bucket_policy", {"Bucket": archive}),
        "list the inbox": ("s3", "list_objects_v2", {"Bucket": inbox}),
        "read the inbox": ("s3", "get_object", {"Bucket": inbox, "Key": "inbox/neighbour/roles"}),
        "write to the inbox": ("s3", "put_object", {"Bucket": inbox, "Key": "inbox/neighbour/roles2", **put}),
        "remove from the inbox": ("s3", "delete_object", {"Bucket": inbox, "Key": "inbox/neighbour/roles3"}),
        "remember what was told": ("s3", "put_object", {"Bucket": inbox, "Key": "told/roles", **put}),
        "seal": ("kms", "generate_data_key", {"KeyId": outputs["KeyArn"], "KeySpec": "AES_256", "EncryptionContext": context}),
        "open": ("kms", "decrypt", {"CiphertextBlob": place["wrapped"], "EncryptionContext": context}),
        "remove the key": ("kms", "schedule_key_deletion", {"KeyId": outputs["KeyArn"]}),
        "know the key of hashes": ("secretsmanager", "get_secret_value", {"SecretId": place["hash"]}),
        "know the database's password": ("secretsmanager", "get_secret_value", {"SecretId": place["database"]}),
        "know the webhook": ("secretsmanager", "get_secret_value", {"SecretId": place["slack"]}),
        "queue a log": ("sqs", "send_message", {"QueueUrl": queue, "MessageBody": "roles"}),
        "take from the queue": ("sqs", "receive_message", {"QueueUrl": queue}),
        "take a dead letter": ("sqs", "receive_message", {"QueueUrl": dead}),
        "empty the queue": ("sqs", "purge_queue", {"QueueUrl": queue}),
        "invoke a function": ("lambda", "invoke", {"FunctionName": resources["ParseFunction"]}),
        "change a function": ("lambda", "update_function_configuration", {"FunctionName": resources["ParseFunction"], "Timeout": 9}),
        "take another role": ("sts", "assume_role", {"RoleArn": place["other role"], "RoleSessionName": "test"}),
    }
    return found


ROLES = {
    "Upload": {"read the registry", "list the archive", "read a sealed log", "write a sealed log", "note a delivery",
               "write to the inbox", "seal", "know the key of hashes"},
    "Intake": {"read the registry", "list the archive", "read a sealed log", "write a sealed log", "note a delivery",
               "list the inbox", "read the inbox", "remove from the inbox", "seal", "know the key of hashes", "queue a log"},
    "Parse": {"read the registry", "list the archive", "read a sealed log", "set a mark", "open",
              "know the key of hashes", "know the database's password", "take from the queue"},
    "Analyze": {"read the registry", "list the archive", "set a mark", "hand on a notice", "know the database's password"},
    "Query": {"read the registry", "list the archive", "read a sealed log", "open", "know the key of hashes",
              "say what is agreed", "set a mark", "know the database's password"},
    "Sweep": {"read the registry", "list the archive", "set a mark", "know the database's password", "queue a log"},
    "Migrate": {"know the database's password"},
    "Notify": {"list the archive", "read a notice", "list the inbox", "remember what was told", "know the webhook"},
}


@pytest.fixture(scope="module")
def place(stack):
    """Real objects and keys, so that a denial is not for want of them."""
    assert stack.uploads("probe").send(Upload("roles-1", LOG)).status in (200, 201)
    until(lambda: (stack.uploads("probe").receipt("roles-1") or {}).get("state") == "parsed", "parsed")
    # Not below inbox/probe: intake leaves what is another's alone only where no event tells of it.
    stack.quietly(stack.inbox, lambda: stack.s3.put_object(Bucket=stack.inbox, Key="inbox/neighbour/roles", Body=LOG))
    stack.quietly(stack.archive, lambda: stack.s3.put_object(
        Bucket=stack.archive, Key="state/notices/roles/none.json", Body=NOTICE))
    sealed = next(one["Key"] for one in stack.s3.list_objects_v2(Bucket=stack.archive, Prefix="archive/probe/")["Contents"]
                  if one["Key"].endswith("/roles-1"))
    key = stack.aws.client("kms").generate_data_key(
        KeyId=stack.outputs["KeyArn"], KeySpec="AES_256", EncryptionContext={"logbook:product": "probe"})
    resources = stack.aws.resources()
    yield {
        "resources": resources, "sealed": sealed, "wrapped": key["CiphertextBlob"],
        "hash": stack.outputs["HashSecretArn"], "database": "database", "slack": "slack",
        "other role": stack.role_arn("MigrateRole"),
    }
    stack.s3.delete_object(Bucket=stack.inbox, Key="inbox/neighbour/roles")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reaches_what_it_needs_and_no_more(stack, place, role):
    arn = stack.role_arn(f"{role}Role")
    clients, reached, wrong = {}, set(), {}
    for what, (service, call, arguments) in tries(stack, place).items():
        if what == "take another role" and role == "Migrate":
            continue
        if service not in clients:
            clients[service] = stack.aws.as_role(service, arn)
        try:
            getattr(clients[service], call)(**arguments)
            reached.add(what)
        except botocore.exceptions.ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in DENIED:
                wrong[what] = code
    assert not wrong
    assert reached == ROLES[role]
