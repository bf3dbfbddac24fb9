"""The command line: `fleet`."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer
import typer.exceptions

from config.mistakes import ConfigError
from fleet import commands
from fleet.errors import Exit, FleetError
from fleet.output import Output
from sandbox.errors import SandboxError

EXIT_CODES = """
Exit codes: 0 done; 1 the update or a check failed; 2 mistakes in what was given, nothing changed; 3 this machine lacks
something (`fleet doctor` tells what); 4 a region can't be reached, nothing changed; 5 another update of the stack is
running; 130 interrupted.
"""

app = typer.Typer(
    help="A fleet of notaries in many regions, as one typed Pulumi program.\n\nExample: fleet up --stack local",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    context: typer.Context,
    directory: Annotated[
        Path, typer.Option("--directory", "-C", help="The project's folder, or one below it")
    ] = Path(),
) -> None:
    """Options of all commands."""
    context.obj = directory


commands.add_to(app)


def main() -> None:
    """Run the command to its exit code. Ctrl-C is 130, whatever the engine makes of it: it hears of it, too."""
    output = Output(json="--json" in sys.argv)
    pressed: list[int] = []

    def press(number: int, frame: object) -> None:
        del frame
        pressed.append(number)
        # The SDK's threads lose the engine's event log under their feet, and would tell so with a traceback each.
        threading.excepthook = lambda _: None
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, press)
    code = _run(output)
    if pressed:
        output.progress("interrupted: the same command again completes what it began")
        code = Exit.INTERRUPTED
    raise SystemExit(code)


def _run(output: Output) -> int:
    """Run the command; whatever is wrong becomes lines for a person, or JSON, and an exit code."""
    code: int | None = Exit.OK
    try:
        code = app(standalone_mode=False)
    except ConfigError as error:
        output.error(error)
        code = Exit.BAD_INPUT
    except FleetError as error:
        output.error(error)
        code = error.code
    except SandboxError as error:
        output.error(FleetError(str(error)))
        code = Exit.MISSING
    except typer.exceptions.TyperException as error:
        output.error(FleetError(f"{error.format_message()} `fleet --help` tells more."))
        code = Exit.BAD_INPUT
    except (KeyboardInterrupt, typer.Abort):
        code = Exit.INTERRUPTED
    return int(code or 0)
