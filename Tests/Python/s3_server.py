"""An S3 server on a free loopback port, for as long as standard input stays open. Prints its address."""

import logging
import sys

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
address = f"http://{host}:{port}"
boto3.client(
    "s3",
    endpoint_url=address,
    region_name="eu-west-3",
    aws_access_key_id="AKIDTEST",
    aws_secret_access_key="secret",
).create_bucket(
    Bucket="constat-test", CreateBucketConfiguration={"LocationConstraint": "eu-west-3"}
)
print(address, flush=True)
sys.stdin.read()
server.stop()
