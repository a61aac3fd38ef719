"""An S3-compatible store of the tests' own: moto's server, on a port of this machine."""

import itertools
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"

_NUMBERS = itertools.count(1)
"""Of one process: what its stores hold is in one memory."""

VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP")


class Objects:
    """The running store, and its other side: what is in it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client: Any = boto3.client("s3", endpoint_url=url, region_name=REGION)

    def bucket(self) -> str:
        """A new bucket; gives its name."""
        name = f"bucket-{next(_NUMBERS)}"
        self.client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return name

    def held(self, bucket: str) -> dict[str, bytes]:
        """Everything in a bucket."""
        listed = self.client.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {
            one["Key"]: self.client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed
        }

    def put(self, bucket: str, key: str, data: bytes) -> None:
        """Exchange what is there."""
        self.client.put_object(Bucket=bucket, Key=key, Body=data)

    def half_uploads(self, bucket: str) -> int:
        """Uploads that were begun and neither ended nor given up."""
        return len(self.client.list_multipart_uploads(Bucket=bucket).get("Uploads", []))


@contextmanager
def serving() -> Iterator[Objects]:
    """A store, with the environment that leads to it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(zip(VARIABLES, ("someone", "something", REGION, url, "true"), strict=True))
    try:
        yield Objects(url)
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        server.stop()
