"""Each promise that unit tests keep, broken once: the tests notice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants import Mutant

pytestmark = pytest.mark.long

UNIT = "tests/unit/"
MUTANTS = [
    Mutant(
        promise="the wallet's RPC listens on loopback",
        file="components/manifests/chain.py",
        line='"rpcbind=127.0.0.1",',
        broken='"rpcbind=0.0.0.0",',
        tests=UNIT + "test_exposure.py",
    ),
    Mutant(
        promise="no port of the RPC is published",
        file="components/manifests/chain.py",
        line='"targetPort": "gate"}',
        broken='"targetPort": daemon.chain.rpc}',
        tests=UNIT + "test_exposure.py",
    ),
    Mutant(
        promise="peers are never private addresses",
        file="components/manifests/region.py",
        line='"0.0.0.0/0", "except": list(PRIVATE)',
        broken='"0.0.0.0/0", "except": []',
        tests=UNIT + "test_exposure.py",
    ),
    Mutant(
        promise="an empty list of ports is no rule",
        file="components/manifests/region.py",
        line="if ports else []\n    bus_out",
        broken="\n    bus_out",
        tests=UNIT + "test_exposure.py",
    ),
    Mutant(
        promise="what carries data is protected",
        file="components/manifests/fleet.py",
        line='return claims or manifest["kind"] in ("Namespace", "PersistentVolumeClaim")',
        broken="return False",
        tests=UNIT + "test_resource_options.py",
    ),
    Mutant(
        promise="a changed claim template replaces no set",
        file="components/objects.py",
        line='["spec.volumeClaimTemplates"] if',
        broken="None if",
        tests=UNIT + "test_resource_options.py",
    ),
    Mutant(
        promise="litecoin has time to close its database",
        file="config/chains.py",
        line="stop_grace_seconds=coin.stop_grace_seconds,",
        broken="stop_grace_seconds=10,",
        tests=UNIT + "test_manifests.py",
    ),
    Mutant(
        promise="a secret in a wrong place is not repeated",
        file="config/explain.py",
        line="if SECRETIVE.intersection(path):",
        broken="if False:",
        tests=UNIT + "test_bad_input.py",
    ),
    Mutant(
        promise="an ensemble survives any one region",
        file="config/checks.py",
        line="if 2 * (len(voters) - count) <= len(voters):",
        broken="if 3 * (len(voters) - count) < len(voters):",
        tests=UNIT + "test_bad_input.py",
    ),
    Mutant(
        promise="a pending create is not forgotten",
        file="fleet/state.py",
        line='operation["type"] == "creating" and identity',
        broken='operation["type"] == "never" and identity',
        tests=UNIT + "test_state.py",
    ),
    Mutant(
        promise="another machine's lock is left alone",
        file="fleet/state.py",
        line='owner.get("hostname") == socket.gethostname() and',
        broken="",
        tests=UNIT + "test_state.py",
    ),
    Mutant(
        promise="whatever a stack holds, there is no traceback",
        file="config/checks.py",
        line="        except ValueError:\n            continue\n",
        broken="        except ZeroDivisionError:\n            continue\n",
        tests=UNIT + "test_fuzz.py",
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.promise.replace(" ", "-"))
def test_a_broken_promise_is_noticed(mutant: Mutant, tmp_path: Path) -> None:
    assert mutant.caught_in(tmp_path)
