"""Makes the stack of small.yaml in the emulator that AWS_ENDPOINT_URL names, and prints its
outputs as JSON:

    tests/stack/small.py NAME UPLOAD_URL QUERY_URL
"""

import json
import pathlib
import sys

import boto3


def main(name, upload_url, query_url):
    stacks = boto3.client("cloudformation")
    parameters = {"UploadUrl": upload_url, "QueryUrl": query_url}
    stacks.create_stack(
        StackName=name,
        TemplateBody=pathlib.Path(__file__).with_name("small.yaml").read_text(),
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    stacks.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    made = stacks.describe_stacks(StackName=name)["Stacks"][0]
    print(json.dumps({o["OutputKey"]: o["OutputValue"] for o in made["Outputs"]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
