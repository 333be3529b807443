"""List prices in USD, on demand, of one region, and what of each is free for ever.

They change: look at the pages named, and write the date anew. docs/cost.md shows this table.
"""

import typing

REGION = "us-east-1 (N. Virginia)"
NOTED = "2026-06"
HOURS = 730  # a month


class Price(typing.NamedTuple):
    """What one unit costs."""

    usd: float
    unit: str
    page: str
    # Units a month that an account has for nothing, for ever; the whole account's, not this stack's.
    free: float = 0


KMS = "AWS Key Management Service pricing"
SECRETS = "AWS Secrets Manager pricing"
CLOUDWATCH = "Amazon CloudWatch pricing"
XRAY = "AWS X-Ray pricing"
LAMBDA = "AWS Lambda pricing"
S3 = "Amazon S3 pricing"
SQS = "Amazon SQS pricing"
SNS = "Amazon SNS pricing"
SCHEDULER = "Amazon EventBridge pricing"
GATEWAY = "Amazon API Gateway pricing"
AURORA = "Amazon Aurora pricing"
LINK = "AWS PrivateLink pricing"
SEARCH = "Amazon OpenSearch Service pricing"
GLUE = "AWS Glue pricing"
COGNITO = "Amazon Cognito pricing"

PRICES = {
    "key": Price(1.00, "key and month, and as much for each of its first two rotations", KMS),
    "key request": Price(0.03 / 10_000, "request", KMS, free=20_000),
    "secret": Price(0.40, "secret and month", SECRETS),
    "secret request": Price(0.05 / 10_000, "request", SECRETS),
    "alarm": Price(0.10, "alarm and month", CLOUDWATCH, free=10),
    "metric": Price(0.30, "metric and month, by the hour", CLOUDWATCH, free=10),
    "dashboard": Price(3.00, "dashboard and month", CLOUDWATCH, free=3),
    "log GB": Price(0.50, "GB taken in", CLOUDWATCH, free=5),
    "trace": Price(5.00 / 1e6, "trace recorded", XRAY, free=100_000),
    "GB-s x86_64": Price(0.0000166667, "GB-second, x86_64", LAMBDA, free=400_000),
    "GB-s arm64": Price(0.0000133334, "GB-second, arm64", LAMBDA, free=400_000),
    "invocation": Price(0.20 / 1e6, "request", LAMBDA, free=1e6),
    "S3 put": Price(0.005 / 1000, "PUT, COPY, POST or LIST", S3),
    "S3 get": Price(0.0004 / 1000, "GET, HEAD and the like", S3),
    "S3 GB": Price(0.023, "GB-month in Standard (first 50 TB)", S3),
    "IA GB": Price(0.0125, "GB-month in Intelligent-Tiering, not read for 30 days", S3),
    "instant GB": Price(0.004, "GB-month in Intelligent-Tiering, not read for 90 days", S3),
    "deep GB": Price(0.00099, "GB-month in Glacier Deep Archive", S3),
    "tiering object": Price(0.0025 / 1000, "object and month watched by Intelligent-Tiering", S3),
    "to tiering": Price(0.01 / 1000, "object moved to Intelligent-Tiering", S3),
    "to deep": Price(0.05 / 1000, "object moved to Glacier Deep Archive", S3),
    "SQS request": Price(0.40 / 1e6, "request, standard queue", SQS, free=1e6),
    "SNS request": Price(0.50 / 1e6, "publication", SNS, free=1e6),
    "schedule": Price(1.00 / 1e6, "invocation by the Scheduler", SCHEDULER, free=14e6),
    "REST request": Price(3.50 / 1e6, "request of a REST API", GATEWAY),
    "HTTP request": Price(1.00 / 1e6, "request of an HTTP API", GATEWAY),
    "ACU hour": Price(0.12, "ACU-hour, Serverless v2, Aurora Standard", AURORA),
    "Aurora GB": Price(0.10, "GB-month, Aurora Standard", AURORA),
    "Aurora IO": Price(0.20 / 1e6, "I/O request, Aurora Standard", AURORA),
    "endpoint hour": Price(0.01, "interface endpoint, zone and hour", LINK),
    "t3.small.search hour": Price(0.036, "instance-hour, t3.small.search", SEARCH),
    "search GB": Price(0.122, "GB-month of gp3", SEARCH),
    "worker hour": Price(0.44, "DPU-hour (a G.1X worker is one DPU)", GLUE),
    "user": Price(0.015, "user signed in that month, Essentials", COGNITO, free=10_000),
}
