"""A daemon's conf with its RPC's login: what both families of daemons read in it, and what is refused."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover import conf
from failover.__main__ import main
from failover.settings import RpcLogin, SettingsError

LINES = "server=1\nrpcport=9332\naddnode=192.0.2.1\n"
SHOWABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), min_size=1)


def boosts(text: str) -> dict[str, str]:
    """As Boost's config_file_iterator and Bitcoin Core's GetConfigOptions read a conf without sections."""
    lines = [line.partition("#")[0].strip(" \t\r\n") for line in text.split("\n")]
    pairs = [line.split("=", 1) for line in lines if "=" in line]
    return {name.strip(" \t\r\n"): value.strip(" \t\r\n") for name, value in pairs}


def komodos(text: str) -> tuple[str, str]:
    """As komodod's `_komodo_userpass` reads user and password: each name wherever in a line it stands."""
    user = password = ""
    for line in text.split("\n"):
        if line.startswith("#"):
            continue
        if "rpcuser" in line:
            user = line[line.index("rpcuser") + 7 :].removeprefix("=").rstrip("\r\n ")
        elif "rpcpassword" in line:
            password = line[line.index("rpcpassword") + 11 :].removeprefix("=").rstrip("\r\n ")
    return user, password


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "chain.conf"
    path.write_text(LINES)
    return path


def refused(source: Path, user: str, password: str) -> list[str]:
    target = source.with_name("written.conf")
    with pytest.raises(SettingsError) as caught:
        conf.write(source, target, RpcLogin(user=user, password=password))
    assert not target.exists()
    return str(caught.value).splitlines()


@given(user=SHOWABLE.filter(lambda text: ":" not in text), password=SHOWABLE)
def test_both_readers_find_the_very_login_that_the_gate_shows_or_it_is_refused(user: str, password: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "chain.conf"), Path(folder, "written.conf")
        source.write_text(LINES)
        try:
            conf.write(source, target, RpcLogin(user=user, password=password))
        except SettingsError:
            assert max(len(user), len(password)) > conf.MOST_CHARACTERS or "rpcuser" in password
            return
        text = target.read_text()
    assert boosts(text) == {**boosts(LINES), "rpcuser": user, "rpcpassword": password}
    assert komodos(text) == (user, password)


def test_the_daemons_user_alone_may_read_it_and_a_second_start_writes_it_anew(source: Path) -> None:
    target = source.with_name("written.conf")
    for password in ("first", "second"):
        conf.write(source, target, RpcLogin(user="fleet", password=password))
        assert stat.S_IMODE(target.stat().st_mode) == 0o400
        assert target.read_text() == f"rpcuser=fleet\nrpcpassword={password}\n{LINES}"
    assert sorted(path.name for path in source.parent.iterdir()) == ["chain.conf", "written.conf"]


@pytest.mark.parametrize(
    "password",
    ["hunter#2", "hunter2\n", "hunter2\r\nrpcallowip=0.0.0.0/0", "hunter 2", " hunter2", "hünter2", "hunter2\0"],
)
def test_what_a_conf_file_cant_hold_is_refused_in_one_line_that_does_not_tell_it(source: Path, password: str) -> None:
    (line,) = refused(source, "fleet", password)
    assert line.startswith("RPC_PASSWORD: found a character that a conf file can't hold, expected ")
    assert "nter" not in line


@pytest.mark.parametrize(
    ("user", "password", "told"),
    [
        ("", "", ["RPC_USERNAME: found nothing", "RPC_PASSWORD: found nothing"]),
        ("a:b", "x", ["RPC_USERNAME: found a colon"]),
        ("fleet", "x" * 256, ["RPC_PASSWORD: found 256 characters"]),
        ("fleet", "my-rpcuser-word", ["RPC_PASSWORD: found rpcuser in it"]),
        ("a#", "b#", ["RPC_USERNAME: found a character", "RPC_PASSWORD: found a character"]),
    ],
)
def test_each_mistake_has_a_line(source: Path, user: str, password: str, told: list[str]) -> None:
    found = refused(source, user, password)
    assert [line[: len(wanted)] for line, wanted in zip(found, told, strict=True)] == told


@pytest.mark.parametrize("line", ["rpcpassword=x", "  rpcuser = x", "-rpcpassword=x"])
def test_a_conf_that_has_a_login_already_is_refused(source: Path, line: str) -> None:
    source.write_text(f"{LINES}{line}\n")
    (told,) = refused(source, "fleet", "word")
    assert "found rpcuser or rpcpassword" in told


def test_the_command_takes_the_login_from_the_environment_alone(
    source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RPC_USERNAME", "fleet")
    monkeypatch.setenv("RPC_PASSWORD", 'geheim="$1')
    words = ["conf", "--from", str(source), "--to", str(source.with_name("written.conf"))]
    assert main(words) == 0
    assert 'rpcpassword=geheim="$1\n' in source.with_name("written.conf").read_text()
    monkeypatch.setenv("RPC_PASSWORD", "geheim#1")
    assert main(words) == 2
    assert main(["conf", "--from", str(source.with_name("nowhere")), "--to", words[-1]]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 2
    assert "geheim" not in said.err
