"""`python3 -m failover agent|gate|watchdog|import-keys|status|handover|drain|undrain|pin|unpin|all-stop --config FILE`.

`python3 -m failover conf --from FILE --to FILE` writes a daemon's conf file with its RPC's login.

Exit codes: 0 done; 1 not done, with the reason on stderr; 2 the command line or the file is wrong, a line a mistake.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from config.failover import AgentConfig, GateConfig
from failover.settings import SettingsError, load, rpc_login

AGENT = "/etc/agent/agent.json"
# Name: help, example.
COMMANDS = {
    "agent": ("start, feed and end a signer", f"agent --config {AGENT}"),
    "gate": ("let signing calls of the current epoch through to a daemon", "gate --config /etc/gate/gate.json"),
    "watchdog": ("end a signer whose agent is frozen or dead", f"watchdog --config {AGENT}"),
    "import-keys": ("have the daemons import the notary's key", f"import-keys --config {AGENT} --chain LTC --rescan"),
    "status": ("show who holds what, and who could", f"status --config {AGENT} --all --json"),
    "handover": ("let a candidate take over", f"handover --config {AGENT} --to us-east"),
    "drain": ("keep a candidate from holding the duty", f"drain --config {AGENT} --candidate eu-west"),
    "undrain": ("let a drained candidate hold the duty again", f"undrain --config {AGENT} --candidate eu-west"),
    "pin": ("let nobody but this candidate hold the duty", f"pin --config {AGENT} --candidate eu-west"),
    "unpin": ("let any candidate hold the duty", f"unpin --config {AGENT}"),
    "all-stop": ("stop every signer of the fleet", f"all-stop --config {AGENT} --resume"),
    "conf": (
        "write a daemon's conf file with the login of its RPC, from RPC_USERNAME and RPC_PASSWORD",
        "conf --from /etc/chain/chain.conf --to /run/chain/chain.conf",
    ),
}


def parser() -> argparse.ArgumentParser:
    """All subcommands, an example each."""
    made = argparse.ArgumentParser(
        prog="python3 -m failover", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    added: dict[str, argparse.ArgumentParser] = {}
    for name, (text, example) in COMMANDS.items():
        epilog = f"Example: python3 -m failover {example}"
        form = argparse.RawDescriptionHelpFormatter  # an example is one line, to be copied
        added[name] = commands.add_parser(name, help=text, description=text, epilog=epilog, formatter_class=form)
        files = {"--config": "the agent's or gate's file"}
        if name == "conf":
            files = {"--from": "the conf file without a login", "--to": "the daemon's, in a folder that is its own"}
        for option, text in files.items():
            added[name].add_argument(option, type=Path, required=True, metavar="FILE", help=text)
    added["agent"].add_argument("signer", nargs="*", help="after --: the signer's command, in place of the file's")
    added["import-keys"].add_argument("--chain", help="this one alone; all of the duty's if left out")
    added["import-keys"].add_argument("--rescan", action="store_true", help="look through the chain anew in any case")
    added["import-keys"].add_argument("--json", action="store_true", help="for machines")
    for name in ("handover", "drain", "undrain", "pin", "unpin"):
        added[name].add_argument("--duty", help="notary.shard; the file's own if left out")
    duties = added["status"].add_mutually_exclusive_group()
    duties.add_argument("--duty", help="notary.shard; the file's own if left out")
    duties.add_argument("--all", action="store_true", help="every duty of the fleet")
    added["status"].add_argument("--json", action="store_true", help="for machines")
    target = added["handover"].add_mutually_exclusive_group(required=True)
    target.add_argument("--to", metavar="CANDIDATE", help="a candidate's region")
    target.add_argument("--clear", action="store_true", help="take the order back")
    for name in ("drain", "undrain", "pin"):
        added[name].add_argument("--candidate", required=True, help="a candidate's region")
    added["all-stop"].add_argument("--resume", action="store_true", help="let signers start again")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    given = parser().parse_args(arguments)
    try:
        return _run(given)
    except SettingsError as error:
        return _failed(str(error), 2)
    except OSError as error:
        return _failed(f"{error.strerror or error}" + (f": {error.filename}" if error.filename else ""), 1)
    except KeyboardInterrupt:
        return 1


def _run(given: argparse.Namespace) -> int:
    if given.command == "conf":
        from failover import conf

        conf.write(getattr(given, "from"), given.to, rpc_login())
        return 0
    if given.command == "gate":
        return _gate(load(given.config, GateConfig))
    config = load(given.config, AgentConfig)
    # Each part imports what it needs: the watchdog stays small.
    if given.command == "watchdog":
        from failover import watchdog

        return watchdog.main(config)
    if given.command == "agent":
        from failover.agent import main as agent

        return agent.main(config, tuple(given.signer))
    if given.command == "import-keys":
        from failover.import_keys import import_keys

        again, as_json = given.rescan, given.json
        work = import_keys(config, given.chain, again=again, as_json=as_json, say=_told, complain=_complained)
        return asyncio.run(work)
    from failover.commands import order

    return asyncio.run(order(given, config, _told, _complained))


def _gate(config: GateConfig) -> int:
    from failover.commands import run_gate

    return asyncio.run(run_gate(config, _complained))


def _told(line: str) -> None:
    _say(line, sys.stdout)


def _complained(line: str) -> None:
    _say(line, sys.stderr)


def _failed(lines: str, code: int) -> int:
    _say(lines, sys.stderr)
    return code


def _say(line: str, stream: object) -> None:
    print(line, file=stream, flush=True)  # pyright: ignore[reportArgumentType, reportCallIssue]


if __name__ == "__main__":
    sys.exit(main())
