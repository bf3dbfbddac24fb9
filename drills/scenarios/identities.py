"""Who is let in: certificates that are missing, foreign, expired, or renewed while everybody works."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config import pod_ports
from drills.drill import Drill, Scene
from drills.inside import inside
from drills.probe import Found, ask
from drills.rig import Rig
from drills.scenarios.crashes import HOP_SECONDS
from failover.access import Access, Tls
from sandbox.plugins.tls import certificates

# From a file's change to the server's own use of it, which its watch of the folder tells.
RELOAD_SECONDS = 1.5


def strangers(scene: Scene) -> str:
    """Everybody who should be refused is, and where; the fleet's own client is let in."""
    rig = scene.rig
    number = scene.random.choice(rig.numbers)
    host, at = rig.place("eu-west", "stranger"), rig.endpoint(number)
    name = rig.server(number).host
    own = rig.access("eu-west")
    keeper = rig.access("eu-west", "keeper")
    chroot = own.chroot
    folder = rig.folder / "strangers"
    # A reset may overtake TLS's own word of why: what counts is that there is no session.
    refused = (Found.HANDSHAKE, Found.CLOSED)
    cases: list[tuple[str, tuple[Found, ...], Tls | None, str, bool, bool]] = [
        ("the fleet's client", (Found.OK,), own.tls, f"{chroot}/hello", True, False),
        ("the keeper at the membership", (Found.OK,), keeper.tls, "/zookeeper/config", False, False),
        ("a client without a certificate", refused, own.tls, chroot, False, True),
        ("a client with a foreign certificate", refused, foreign(folder, own), chroot, False, False),
        ("a client whose certificate has expired", refused, expired(folder, scene), chroot, False, False),
        ("a client outside its chroot", (Found.NO_AUTH,), own.tls, "/notary/another", True, False),
        ("a client at the root", (Found.NO_AUTH,), own.tls, "/mine", True, False),
        ("a client without TLS", refused, None, chroot, False, False),
        ("a server's certificate in the chroot", (Found.NO_AUTH,), peer(folder, scene), f"{chroot}/x", True, False),
    ]
    for what, wanted, tls, path, create, anonymous in cases:
        call = lambda tls=tls, path=path, create=create, anonymous=anonymous: ask(  # noqa: E731
            at, path, tls, name=name, create=create, anonymous=anonymous
        )
        answer = inside(host, call)
        scene.require(answer.found in wanted, f"{what}: {answer.found} ({answer.detail}), expected {wanted[0]}")
    election = f"{rig.host(number).address}:{pod_ports.ZOOKEEPER_ELECTION}"
    answer = inside(host, lambda: ask(election, "/", own.tls, name=name))
    scene.require(answer.found in refused, f"a client at the servers' own port: {answer.found}")
    return f"{len(cases) - 2} kinds of strangers at server {number}, and a client at the servers' own port: refused"


def foreign(folder: Path, access: Access) -> Tls:
    """A certificate of the right name by an authority that nobody knows."""
    issuer = _authority("stranger")
    return _written(folder / "foreign", access, _leaf(issuer, 24))


def expired(folder: Path, scene: Scene) -> Tls:
    """The fleet's own authority, and a validity that has ended."""
    rig = scene.rig
    name = rig.plan.loaded.stack.ensemble.certificates.authorities[0]
    return _written(folder / "expired", rig.access("eu-west"), _leaf(rig.issuer.authority("clients", name), -1))


def peer(folder: Path, scene: Scene) -> Tls:
    """A server's own certificate for its clients' port, used as a client's."""
    rig = scene.rig
    pem = rig.issuer.issue(rig.plan)
    name = rig.server(rig.numbers[0]).name
    made = pem(name, "clients", "key"), pem(name, "clients", "certificate")
    return _written(folder / "peer", rig.access("eu-west"), made)


def _authority(name: str) -> tuple[str, str]:
    key = certificates.private_key({"algorithm": "ECDSA", "ecdsaCurve": "P256"})["privateKeyPem"]
    wanted = {
        "privateKeyPem": key,
        "subject": {"commonName": name},
        "isCaCertificate": True,
        "allowedUses": ["cert_signing"],
        "validityPeriodHours": 24,
    }
    return key, certificates.self_signed(wanted, datetime.now(UTC))["certPem"]


def _leaf(issuer: tuple[str, str], hours: int) -> tuple[str, str]:
    """Key and certificate of a client; `hours` below zero: it ended so long ago."""
    key = certificates.private_key({"algorithm": "ECDSA", "ecdsaCurve": "P256"})["privateKeyPem"]
    subject = {"commonName": "client", "organization": "notary/local"}
    request = certificates.request({"privateKeyPem": key, "subject": subject})["certRequestPem"]
    wanted = {
        "caPrivateKeyPem": issuer[0],
        "caCertPem": issuer[1],
        "certRequestPem": request,
        "allowedUses": ["digital_signature", "client_auth"],
        "validityPeriodHours": 24,
    }
    begin = datetime.now(UTC) + timedelta(hours=hours - 24)
    return key, certificates.locally_signed(wanted, begin)["certPem"]


def _written(folder: Path, access: Access, made: tuple[str, str]) -> Tls:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in zip(("tls.key", "tls.crt"), made, strict=True):
        (folder / name).write_text(text)
    assert access.tls
    return replace(access.tls, cert=str(folder / "tls.crt"), key=str(folder / "tls.key"))


def rotate(scene: Scene) -> str:
    """Both authorities and every certificate are changed, in three updates, and no server is restarted."""
    rig = scene.rig
    scene.limit_s = HOP_SECONDS
    before = {number: (pod.main_pid, pod.restarts) for number, pod in rig.pods.items()}
    old = rig.plan.loaded.stack.ensemble.certificates.authorities[0]
    new = chr(ord(old) + 1)
    for authorities in ([old, new], [new, old], [new]):
        copied = {number: pod.log("certificates") for number, pod in rig.pods.items()}
        rig.adopt(certificates={"authorities": authorities})
        access = rig.access("eu-west")  # the clients' own files too, which they read at their next connection
        rig.wait(lambda copied=copied: all(_news(rig, number, was) for number, was in copied.items()), 30)
        scene.write_for(RELOAD_SECONDS)
        for number in rig.numbers:
            at, name = rig.endpoint(number), rig.server(number).host
            answer = _asked(scene, at, access, name)
            scene.require(answer is Found.OK, f"authorities {authorities}: server {number} answers {answer}")
    after = {number: (pod.main_pid, pod.restarts) for number, pod in rig.pods.items()}
    scene.require(before == after, f"servers were restarted: {before} became {after}")
    # Connections of before live on; new ones, and elections, need the new certificates.
    leader = rig.known_leader()
    rig.kill(leader)
    scene.write_for(2)
    rig.start(leader)
    rig.wait_ready(leader)
    return f"changed authority {old} for {new} and all certificates in three updates, then killed the leader"


def _news(rig: Rig, number: int, before: str) -> bool:
    """Whether the sidecar has copied something since: authorities come first, so look for the last file."""
    return "server.pem is new" in rig.pods[number].log("certificates")[len(before) :] or (
        "client-ca.pem is new" in rig.pods[number].log("certificates")[len(before) :]
    )


def _asked(scene: Scene, at: str, access: Access, name: str) -> Found:
    return inside(scene.rig.place("eu-west", "stranger"), lambda: ask(at, access.chroot, access.tls, name=name)).found


DRILLS = (
    Drill(name="strangers", act=strangers),
    Drill(name="rotate-authorities", act=rotate),
)
