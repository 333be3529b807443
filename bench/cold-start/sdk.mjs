// Node with the AWS SDK, up to its first call of the Runtime API.
import http from "node:http";
import { S3Client } from "@aws-sdk/client-s3";
import { SQSClient } from "@aws-sdk/client-sqs";

const clients = [new S3Client({}), new SQSClient({})];
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
http.get({ host, port, path: "/2018-06-01/runtime/invocation/next" }, () => clients);
