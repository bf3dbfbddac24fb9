"""Three typical pull requests as their reviewer reads them: Markdown snapshots, written anew with SNAPSHOTS=write."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from config.plan import FleetPlan, plan_fleet
from config.prices import load_prices
from fleet.impact.impact import impact_of
from fleet.impact.text import MARKER, markdown, shown
from tests.unit.impacts import changes, impact
from tests.unit.stacks import parsed, planned, values_of

FOLDER = Path(__file__).parent / "data" / "pull-requests"


def new_daemon_version(values: dict[str, Any]) -> FleetPlan:
    """The next komodod."""
    loaded = parsed(values)
    build = loaded.release.daemons["komodod"].model_copy(
        update={"version": "v0.9.3", "image": f"registry.example.net/notary/komodod@sha256:{'7' * 64}"}
    )
    master = build.model_copy(update={"image": f"registry.example.net/notary/checkpoint-master@sha256:{'8' * 64}"})
    builds = {
        "daemons": {**loaded.release.daemons, "komodod": build},
        "masters": {**loaded.release.masters, "komodod": master},
    }
    release = loaded.release.model_copy(update=builds)
    return plan_fleet(type(loaded)(name=loaded.name, stack=loaded.stack, release=release, chains=loaded.chains))


def dedicated_nodes_in_one_region(values: dict[str, Any]) -> FleetPlan:
    """The pods of one region move to nodes of their own."""
    values["regions"]["eu-west"]["nodeSelector"] = {"notary-fleet.dev/pool": "chains"}
    return planned(values)


def a_chain_and_two_servers_less(values: dict[str, Any]) -> FleetPlan:
    """A 3P chain ends, and the ensemble shrinks from five to three."""
    values["notaries"]["alice-eu"]["duties"]["3p"]["chains"].remove("TOKEL")
    for region, server in (("eu-west", 3), ("eu-central", 5)):
        del values["regions"][region]["ensemble"]["servers"][server]
    return planned(values)


PULL_REQUESTS = (new_daemon_version, dedicated_nodes_in_one_region, a_chain_and_two_servers_less)
# On a cloud whose prices are known, with one region of the operator's own.
PLACES = {"eu-west": "eu-west-1", "eu-central": "eu-central-1"}


@pytest.mark.parametrize("change", PULL_REQUESTS, ids=lambda change: change.__name__)
def test_a_reviewer_reads_what_a_pull_request_does(change: Any) -> None:
    before, after = planned(values_of("mainnet")), change(values_of("mainnet"))
    text = markdown(impact(before, after, PLACES)) + "\n"
    path = FOLDER / f"{change.__name__.replace('_', '-')}.md"
    if os.environ.get("SNAPSHOTS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


def test_a_comment_begins_with_the_line_by_which_it_is_found_again() -> None:
    found = impact(None, planned(values_of("local")))
    assert markdown(found).startswith(MARKER.format("test") + "\n## test, release ")
    assert "nothing of it runs yet" in markdown(found)


def test_refusals_come_first_and_what_a_pull_request_names_is_shown_as_text() -> None:
    found = impact(None, planned(values_of("local")))
    text = markdown(found, ["takes <img src=x> | [away](x)"], ["`wait`"])
    assert text.index("**Refused:**") < text.index("**Advice:**") < text.index("### Daemons")
    assert r"- takes \<img src=x\> \| \[away\](x)" in text
    assert r"- \`wait\`" in text


def test_a_terminal_shows_the_same_sections_as_a_comment() -> None:
    before, after = planned(values_of("mainnet")), dedicated_nodes_in_one_region(values_of("mainnet"))
    found = impact_of("mainnet", "1", changes(before, after), PLACES, load_prices())
    titles = re.findall(r"^### (\w+)", markdown(found), re.MULTILINE)
    lines = [item for item in shown(found) if isinstance(item, str)]
    assert [title for title in titles if not any(line.startswith(title) for line in lines)] == []
    assert len(titles) == 5
