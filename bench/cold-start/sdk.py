"""Python with boto3, up to its first call of the Runtime API."""

import http.client
import os

import boto3

s3, sqs = boto3.client("s3"), boto3.client("sqs")
runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
runtime.request("GET", "/2018-06-01/runtime/invocation/next")
runtime.getresponse()
