"""Each promise about the ensemble, broken once: the tests notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants import Mutant
from tests.unit.caged import cages

pytestmark = pytest.mark.long

COMPONENTS, MANIFESTS, SCRIPTS = "components/", "components/manifests/", "components/manifests/scripts/"
# The promise, the file, what becomes what, and the tests that notice.
BROKEN = [
    (
        "a frozen leader costs half a session at most",
        ("config/ensemble.py", "if 2 * sync_ms > self.session_timeout_ms:", "if sync_ms > self.session_timeout_ms:"),
        "ensemble",
    ),
    (
        "a session needs a certificate",
        (MANIFESTS + "zookeeper_files.py", '"ssl.clientAuth=need"', '"ssl.clientAuth=want"'),
        "ensemble",
    ),
    (
        "who may open a session may not join the quorum",
        (MANIFESTS + "zookeeper_files.py", "{SECRETS}/peer-ca.pem", "{SECRETS}/client-ca.pem"),
        "ensemble",
    ),
    (
        "regions together evict no more than the quorum can spare",
        (MANIFESTS + "zookeeper.py", "int(place < spare)", "int(place <= spare)"),
        "ensemble",
    ),
    (
        "the leader is restarted last",
        (MANIFESTS + "zookeeper.py", "(server.number == leader, ", "("),
        "ensemble",
    ),
    (
        "a server is restarted when those before it are back",
        (COMPONENTS + "ensemble.py", "[*configured[server.region], *ready])", "[*configured[server.region]])"),
        "resource_options",
    ),
    (
        "a duty's candidates change one after another",
        (COMPONENTS + "notary.py", "up.get(duty.name, []))", "[])"),
        "resource_options",
    ),
    (
        "the best candidate changes last",
        ("config/turns.py", "-turn[1].priority", "turn[1].priority"),
        "resource_options",
    ),
    (
        "all daemons wait for the canary",
        (COMPONENTS + "notary.py", "after=[*after, *self.canary]", "after=[*after]"),
        "resource_options",
    ),
    (
        "a volume is kept before its program changes",
        (
            COMPONENTS + "objects.py",
            "if before_update and ignored else None",
            "if before_update and runs and False else None",
        ),
        "resource_options",
    ),
    (
        "nobody but the keeper changes permissions",
        (MANIFESTS + "founding.py", "READ | WRITE | CREATE | DELETE, *client", "ALL, *client"),
        "founding",
    ),
    (
        "a founded ensemble founds no second one",
        (MANIFESTS + "founding.py", "{} if plan.loaded.stack.ensemble.founded else", "{} if False else"),
        "founding",
    ),
    (
        "who joins comes before who leaves",
        (
            "keeper/membership.py",
            "    for number in sorted({*wanted} - {*current}):",
            "    for number in sorted({*wanted} - {*current}) if {*wanted} >= {*current} else ():",
        ),
        "membership",
    ),
    (
        "an authority is protected",
        (COMPONENTS + "certificates.py", "self._options(protect=True)", "self._options()"),
        "certificates",
    ),
    (
        "the first authority issues",
        (COMPONENTS + "certificates.py", "self._issuers[circle][0]", "self._issuers[circle][-1]"),
        "certificates",
    ),
    (
        "a private key is data of a Secret alone",
        (
            COMPONENTS + "ensemble.py",
            "args.regions[home].create(keeper.objects(plan, plan.regions[home], certificates.pem), self, ready)",
            "args.regions[home].create([(n, {**m, 'data': {'a': certificates.pem('keeper', 'clients', 'key')}}"
            " if m['kind'] == 'ConfigMap' else m) for n, m in "
            "keeper.objects(plan, plan.regions[home], certificates.pem)], self, ready)",
        ),
        "certificates",
    ),
    (
        "a membership that changed outlives a restart",
        (SCRIPTS + "prepare.sh", 'if [ ! -s "${members:-/nowhere}" ]; then', "if true; then"),
        "server_scripts",
    ),
    (
        "acknowledged writes are not forgotten with their volume",
        (SCRIPTS + "prepare.sh", "  touch /data/logs-apart\n", ""),
        "server_scripts",
    ),
    (
        "a new ensemble can begin with its first server",
        (SCRIPTS + "health.sh", "|| echo 0)", "|| echo 0)$SERVER_ID"),
        "server_health",
    ),
    (
        "a leader stops when a successor stands ready",
        (SCRIPTS + "leave.sh", '[ "${synced:-0}" -ge "$majority" ]', "true"),
        "server_leave",
    ),
    (
        "an authority arrives before those it vouches for",
        (
            SCRIPTS + "certificates.sh",
            "peer-ca.pem client-ca.pem peer.pem server.pem",
            "server.pem peer-ca.pem peer.pem client-ca.pem",
        ),
        "server_scripts",
    ),
]


@pytest.mark.parametrize(("promise", "change", "tests"), BROKEN, ids=[item[0].replace(" ", "-") for item in BROKEN])
def test_a_broken_promise_of_the_ensemble_is_noticed(
    promise: str, change: tuple[str, str, str], tests: str, tmp_path: Path
) -> None:
    if tests.startswith("server_") and not cages():
        pytest.skip("no script can run for real here")
    file, line, broken = change
    mutant = Mutant(promise=promise, file=file, line=line, broken=broken, tests=f"tests/unit/test_{tests}.py")
    assert mutant.caught_in(tmp_path)
