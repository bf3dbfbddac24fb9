"""The process of the stand-in for the AWS plugin."""

from __future__ import annotations

from sandbox.plugins.aws.servicer import AwsProvider
from sandbox.plugins.serve import serve

if __name__ == "__main__":
    serve(AwsProvider)
