"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

StackName = Annotated[str, typer.Option("--stack", "-s", help="The stack: the middle of Pulumi.<stack>.yaml")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, progress to standard error")]
