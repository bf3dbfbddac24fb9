"""What scripts, confs and compose files open to others."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.lint.openings import openings, published, spans_of
from config.lint.script import Script
from tests.unit.test_lint_project import copy_project, lint_script, rules


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_project(tmp_path)


@pytest.mark.parametrize(("wrong", "right"), [(13348, 13848), (13345, 13845)])
@pytest.mark.parametrize(
    "rule",
    [
        "sudo ufw allow {}/tcp comment 'iguana mainnet p2p'\n",
        "- `sudo ufw allow {}/tcp comment 'iguana mainnet p2p'`\n",
        "ufw allow from any to any port {} proto tcp\n",
        "iptables -A INPUT -p tcp --dport {} -j ACCEPT\n",
        "firewall-cmd --permanent --add-port={}/tcp\n",
        "docker run -d \\\n  -p {}:1 iguana\n",
    ],
)
def test_a_port_that_iguanas_bus_does_not_use_is_found(project: Path, rule: str, wrong: int, right: int) -> None:
    (finding,) = lint_script(project, rule.format(wrong))
    assert (finding.rule, finding.expected[:5]) == ("firewall-port", str(right))
    assert lint_script(project, rule.format(right)) == []


def test_a_firewall_that_leaves_the_bus_closed_is_found(project: Path) -> None:
    found = lint_script(project, "ufw allow 13848/tcp\n", stack="mainnet")
    assert [(item.rule, item.found) for item in found] == [("firewall-closed", "port 13845 closed")]
    assert lint_script(project, "ufw allow 13848/tcp\nufw allow 13845/tcp\n", stack="mainnet") == []
    assert lint_script(project, "ufw allow 13840:13850/tcp\n", stack="mainnet") == []
    assert lint_script(project, "echo no firewall here\n", stack="mainnet") == []


def test_a_port_that_no_duty_uses_is_found_once_a_stack_is_named(project: Path) -> None:
    text = "ufw allow 17762/tcp\nufw allow 22\nufw allow 62415/tcp\n"
    assert lint_script(project, text, stack="testnet") == []
    found = lint_script(project, text + "ufw allow 60915/tcp\n", stack="testnet")
    assert [(item.rule, item.path[-2:]) for item in found] == [("firewall-unused", ":4")]
    assert lint_script(project, text + "ufw allow 60915/tcp\n") == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("ufw allow 9332/tcp", "ufw allow 9333/tcp"),
        ("ufw allow 7771", "ufw deny 7771"),
        ("ufw allow 7771", "ufw delete allow 7771"),
        ("ufw allow 7771", "ufw allow from 10.0.0.0/8 to any port 7771"),
        ("ufw allow 7771", "ufw allow in on lo to any port 7771"),
        ("ufw allow 7771", "# ufw allow 7771"),
        ("ufw allow 7770:7780/tcp", "ufw allow 7770:7770/tcp"),
        ("ufw allow 45834/tcp", "ufw allow 45833/tcp"),
        ("ufw allow 7776/tcp", "ufw allow 7776/udp"),
        (
            "iptables -A INPUT -p tcp -m multiport --dports 22,9332 -j ACCEPT",
            "iptables -A INPUT -p tcp --dport 9332 -j DROP",
        ),
        (
            "iptables -I INPUT -p tcp --dport 9332 -j ACCEPT",
            "iptables -I INPUT -s 10.0.0.2 -p tcp --dport 9332 -j ACCEPT",
        ),
        ("iptables -A INPUT -p tcp --dport 9332 -j ACCEPT", "iptables -A INPUT -i lo -p tcp --dport 9332 -j ACCEPT"),
        ("docker run -p 9332:9332 litecoin", "docker run -p 127.0.0.1:9332:9332 litecoin"),
        ("docker run -p 19332:9332 litecoin", "docker run -p 9333:9333 litecoin"),
        ("docker run --publish=7771:7771 komodo", "docker run --publish=[::1]:7771:7771 komodo"),
        ("docker run \\\n -p 0.0.0.0:7771:7771 \\\n komodo", "mkdir -p 7771:7771"),
        ('echo "rpcallowip=0.0.0.0/0" >> komodo.conf', 'echo "rpcallowip=127.0.0.1" >> komodo.conf'),
        ("komodod -rpcallowip=::/0 &", "komodod -rpcallowip=10.1.0.0/16 &"),
        ("cat <<EOF > l.conf\nrpcbind=0.0.0.0\nEOF", "cat <<EOF > l.conf\nrpcbind=127.0.0.1\nEOF"),
        ("komodod -rpcbind=0.0.0.0:7771", "komodod -rpcbind=::1"),
    ],
)
def test_rpc_open_to_others_is_found_and_what_is_closed_is_not(project: Path, wrong: str, right: str) -> None:
    assert rules(lint_script(project, wrong + "\n")) == ["rpc-published"]
    assert lint_script(project, right + "\n") == []


COMPOSE = """x-limits: &limits
  stop_grace_period: 10m
services:
  ltc:
    <<: *limits
    image: litecoin
    ports:
      - {}
"""


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ('"9332:9332"', '"127.0.0.1:9332:9332"'),
        ("9332:9332", '"9333:9333"'),
        ("9332", '"9332/udp"'),
        ("{target: 9332, published: 9332}", "{target: 9332, published: 9332, host_ip: 127.0.0.1}"),
        ('"${PORT}:9332"', '"${ADDRESS}:9332:9332"'),
    ],
)
def test_rpc_published_by_a_compose_file_is_found(project: Path, wrong: str, right: str) -> None:
    (finding,) = lint_script(project, COMPOSE.replace("{}", wrong), "compose.yaml")
    assert finding.rule == "rpc-published"
    assert finding.path.endswith("compose.yaml services.ltc.ports[0]")
    assert lint_script(project, COMPOSE.replace("{}", right), "compose.yaml") == []


@pytest.mark.parametrize("grace", ["stop_grace_period: 10s", "stop_grace_period: 1s500ms", "restart: always"])
def test_a_litecoind_that_is_killed_too_soon_is_found(project: Path, grace: str) -> None:
    text = "services:\n  chain:\n    command: litecoind\n    {}\n  kmd:\n    command: komodod\n"
    assert rules(lint_script(project, text.format(grace), "compose.yaml")) == ["short-stop"]
    assert lint_script(project, text.format("stop_grace_period: 1m30s"), "compose.yaml") == []


def test_ports_are_read_in_every_notation() -> None:
    assert spans_of("7770,9000:9010/tcp") == ((7770, 7770), (9000, 9010))
    assert spans_of("ssh") == spans_of("22/udp") == ()
    assert published("8080-8090:80") == ((8080, 8090), (80, 80))
    assert published("[::1]:80:80") == published("localhost:80:80") == published("80/udp") == ()


def test_lines_joined_by_a_backslash_have_the_place_of_the_first() -> None:
    script = Script(source="x.sh", text="# ufw allow 1\n\nufw allow \\\n  7771\nufw allow 80")
    assert [(item.path, item.spans) for item in openings(script)] == [
        ("x.sh:3", ((7771, 7771),)),
        ("x.sh:5", ((80, 80),)),
    ]
