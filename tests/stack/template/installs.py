"""Ways to install the stack, by the parameters that make them; all others have their defaults."""

import functools

from transformed import read_template, transform

SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:"

# What costs is off, or as seldom as it may be.
SMALLEST = {"KeyRotationDays": 2560, "Dashboard": "false"}

OWN_DATABASE = {
    "DatabaseHost": "db.example.com",
    "DatabaseSecretArn": SECRET + "database",
}
OWN_NETWORK = {
    "Network": "existing",
    "SubnetIds": "subnet-1,subnet-2",
    "SecurityGroupIds": "sg-1",
    **OWN_DATABASE,
}
SLACK = {"SlackWebhookSecretArn": SECRET + "slack"}
BULK = {"GlueScript": "s3://scripts/bulk.py"}
SEARCH = {"SearchInstanceType": "t3.small.search"}

INSTALLS = {
    "smallest": SMALLEST,
    "default": {},
    "everything": {
        **SLACK, **BULK, **SEARCH,
        "AlarmEmail": "operator@example.com",
        "LoginPrefix": "logbook-example",
        "BiUser": "true",
        "BreakGlassRoleArn": "arn:aws:iam::111122223333:role/break-glass",
        "ColdTier": "deep",
        "SearchInstanceCount": 2,
    },
    "interface endpoints": {"Endpoints": "interface", **SLACK},
    "own network": {**OWN_NETWORK, "S3EndpointId": "vpce-0a1b"},
    "own network, its S3 endpoint unknown": OWN_NETWORK,
    "own database, no network": {"Network": "none", **OWN_DATABASE, **SLACK},
    "own issuer": {"JwtIssuer": "https://id.example.com/", "JwtAudience": "logbook", "JwtScopePrefix": "lb/"},
    "bulk path": BULK,
    "search, one zone": SEARCH,
    "cold tier": {"ColdTier": "intelligent"},
    "new account": {"ReserveConcurrency": "false", "DatabaseDeletionProtection": "false"},
    "no canary": {"Canary": "false"},
}

# Combinations that the template's rules refuse, each with a word of the reason.
REFUSED = {
    "SubnetIds": {**OWN_NETWORK, "SubnetIds": ""},
    "SecurityGroupIds": {**OWN_NETWORK, "SecurityGroupIds": ""},
    "DatabaseHost": {"Network": "none"},
    "DatabaseSecretArn": {**OWN_DATABASE, "Network": "none", "DatabaseSecretArn": ""},
    "existing or none": OWN_DATABASE,
    "JwtAudience": {"JwtIssuer": "https://id.example.com/"},
    "the bulk path and search": {**OWN_NETWORK, **SEARCH},
}


@functools.cache
def installed(name):
    """An install by its name, of the template as it is."""
    return transform(read_template(), INSTALLS[name])
