"""The benchmarks' pure parts, and that the bare program is the same fleet as ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench import apply, bare, charts, contenders, fleets, overhead, recording, results
from bench.process import BenchError, run
from bench.ratios import Ratio, comparison, interleaved, ratio_of, ratios_of
from fleet.project import program_of
from tests.recording import ROOT


def pairs(*figures: tuple[float, float]) -> list[Any]:
    return [({"cpu_s": a}, {"cpu_s": b}) for a, b in figures]


def entry(median: float) -> dict[str, Any]:
    """A comparison as it stands in a result."""
    ratio = {"median": median, "least": median - 0.1, "greatest": median + 0.1}
    measures = {overhead.TREE: ratio, "tree_cpu_ms": ratio}
    return {"a": "ours", "b": "bare", "ratios": measures, "pairs": [[{"cpu_s": 1.0}, {"cpu_s": 1.0}]]}


def found(name: str, **measured: Any) -> dict[str, Any]:
    return results.document(name, True, {"engine": "v1"}, {"comparisons": {"10 resources": entry(1.5)}, **measured})


def test_a_ratio_is_the_median_of_the_pairs_and_not_the_ratio_of_medians() -> None:
    # Medians would give 4 / 2 = 2; the pairs' own ratios are 0.25, 2 and 5.
    assert ratio_of(pairs((1, 4), (4, 2), (10, 2)), "cpu_s") == Ratio(median=2, least=0.25, greatest=5)
    assert ratio_of(pairs((1, 4), (6, 1), (3, 2)), "cpu_s") == Ratio(median=1.5, least=0.25, greatest=6)


def test_one_slow_pair_moves_the_greatest_and_not_the_median() -> None:
    calm, troubled = pairs((1, 1), (1, 1), (1, 1)), pairs((1, 1), (9, 1), (1, 1))
    assert ratio_of(troubled, "cpu_s").median == ratio_of(calm, "cpu_s").median
    assert ratio_of(troubled, "cpu_s").greatest == 9


def test_no_pair_and_a_measure_of_zero_give_no_ratio() -> None:
    with pytest.raises(ValueError, match="no pair"):
        ratio_of([], "cpu_s")
    with pytest.raises(ValueError, match="not above zero"):
        ratio_of(pairs((1, 1), (1, 0)), "cpu_s")
    assert ratios_of(pairs((1, 0))) == {}


def test_contestants_take_turns_in_every_round() -> None:
    order: list[str] = []

    def contestant(name: str) -> Callable[[], dict[str, float]]:
        def turn() -> dict[str, float]:
            order.append(name)
            return {"wall_s": float(len(order))}

        return turn

    samples = interleaved({"a": contestant("a"), "b": contestant("b")}, 3, lambda _: None)
    assert order == ["a", "b"] * 3
    assert comparison(samples, "a", "b")["pairs"] == [
        [{"wall_s": 1.0}, {"wall_s": 2.0}],
        [{"wall_s": 3.0}, {"wall_s": 4.0}],
        [{"wall_s": 5.0}, {"wall_s": 6.0}],
    ]


def test_a_result_holds_figures_versions_and_cores_and_names_no_machine(tmp_path: Path) -> None:
    path = results.write(found("overhead"), tmp_path)
    document = json.loads(path.read_text())
    assert document["command"] == "python -m bench --only overhead --quick"
    assert document["machine"]["cores"] >= 1
    assert {"python", "pulumi", "pulumi-kubernetes", "engine"} <= set(document["tools"])
    assert document["comparisons"]["10 resources"]["pairs"]
    for name in results.names_of_this_machine():
        assert name not in path.read_text()
        assert name not in (tmp_path / "README.md").read_text()


def test_a_result_with_a_path_of_this_machine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the result of render holds"):
        results.write(found("render", notes=[f"seen in {fleets.ROOT}"]), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_table_shows_every_result_and_every_target(tmp_path: Path) -> None:
    missed = {"what": "ours to bare", "found": 1.5, "at_most": 1.1, "kept": False}
    results.write(found("overhead", verdicts=[missed]), tmp_path)
    results.write(found("render", notes=["kubectl is not on PATH: left out."]), tmp_path)
    text = (tmp_path / "README.md").read_text()
    assert "| 10 resources | ours | bare | CPU, whole tree | 1.50 | 1.40 | 1.60 | 1 |" in text
    assert "**missed**: ours to bare: 1.50, at most 1.10" in text
    assert text.index("## overhead") < text.index("## render") < text.index("kubectl is not on PATH")


def test_a_target_is_kept_at_its_limit_and_missed_above_it() -> None:
    at_limit = overhead.verdicts({"250 resources": entry(9), "1022 resources": entry(1.1)}, {})
    above = overhead.verdicts(
        {"250 resources": entry(1), "1022 resources": entry(1.11)}, {"ours, per resource": entry(1.2)}
    )
    assert [item["kept"] for item in at_limit] == [True]
    assert [item["kept"] for item in above] == [False, False]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A small project and the recording of our program on it."""
    root = tmp_path_factory.mktemp("bench")
    fleets.write_project(root, fleets.stack_values(2))
    return root, recorded(root, program_of(root))


def recorded(root: Path, program: Callable[[], None]) -> dict[str, Any]:
    return recording.record(program, fleets.STACK, recording.configured(root, fleets.STACK))


def as_named(recorded: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Registrations by type and name, whose references are names too: their order may differ."""
    listed = recorded["resources"]
    names = [(item["type"], item["name"]) for item in listed]
    return {
        (item["type"], item["name"]): {
            **item,
            "parent": None if item["parent"] is None else names[item["parent"]],
            "provider": None if item["provider"] is None else names[item["provider"]],
            "dependsOn": sorted(names[place] for place in item["dependsOn"]),
        }
        for item in listed
    }


def test_the_bare_program_registers_what_ours_does(fleet: tuple[Path, dict[str, Any]]) -> None:
    root, original = fleet
    path = root / "bare.json"
    path.write_text(json.dumps(bare.arguments(original)))
    again = recorded(root, lambda: bare.program(path))
    assert as_named(again) == as_named(original)
    assert again["exports"] == original["exports"]


def test_the_recording_is_the_whole_fleet_with_its_relations(fleet: tuple[Path, dict[str, Any]]) -> None:
    _, original = fleet
    named = as_named(original)
    assert len(named) == len(original["resources"]) == 115 + 2 * 35  # 35 a seat
    sets = [item for (kind, _), item in named.items() if kind.endswith(":StatefulSet")]
    assert len(sets) == 2 * 2 * 4 + 3
    keeping = [item for item in sets if item["ignoreChanges"]]
    assert all(item["protect"] and item["provider"] for item in keeping)
    chains = [item["dependsOn"] for item in keeping if "zookeeper" not in item["name"]]
    # Namespace and configuration; and of the second candidate, the first one's signer.
    assert sorted(len(before) for before in chains) == [2] * 6 + [3] * 6
    servers = [item["dependsOn"] for item in keeping if "zookeeper" in item["name"]]
    waited_for = sorted(sum(kind.endswith(":StatefulSet") for kind, _ in before) for before in servers)
    assert waited_for == [0, 1, 2]  # one after another
    assert {item["type"] for item in original["resources"] if "outputs" in item} == {
        item["type"] for item in original["resources"] if not item["custom"]
    }


def test_a_secret_is_not_recorded() -> None:
    assert recording.plain({"a": [1.0, 1.5]}) == {"a": [1, 1.5]}
    with pytest.raises(ValueError, match="a secret"):
        recording.plain({"data": {recording.SIGNATURE: recording.SECRET, "value": "x"}})
    with pytest.raises(ValueError, match="a secret"):
        recording.plain(
            {recording.SIGNATURE: recording.SECRET, "value": {"a": "<certPem of b>", "c": "x<certPem of b>"}}
        )


def test_an_output_is_recorded_as_the_place_that_it_comes_from() -> None:
    pair = {recording.SIGNATURE: recording.SECRET, "value": {"pair": "<privateKeyPem of a-key><certPem of a>"}}
    assert recording.plain(pair) == {"pair": {"concatenated": [["a-key", "privateKeyPem"], ["a", "certPem"]]}}


def test_seats_have_keys_of_their_own_on_the_curve_and_candidates_apart() -> None:
    notaries = fleets.stack_values(9)["notaries"]
    duties = [notary["duties"]["main"] for notary in notaries.values()]
    assert len({duty["pubkey"] for duty in duties}) == 9
    assert all(len(duty["candidates"]) == 2 for duty in duties)
    assert len({tuple(duty["candidates"]) for duty in duties}) == 3


def test_a_chart_gives_back_braces_and_holds_every_object(tmp_path: Path) -> None:
    items = [
        {"kind": "ConfigMap", "metadata": {"name": f"n-{number}"}, "data": {"a": "{{ .Values }}\n---x\n"}}
        for number in range(charts.PER_FILE + 1)
    ]
    text = yaml.safe_dump_all(items)
    written = charts.write_chart(tmp_path / "chart", "eu-west", text)
    templates = sorted((written / "templates").iterdir())
    assert [len(list(yaml.safe_load_all(path.read_text()))) for path in templates] == [charts.PER_FILE, 1]
    assert '{{ "{{" }} .Values }}' in templates[0].read_text()
    kustomized = charts.write_kustomization(tmp_path / "kustomize", text)
    listed = yaml.safe_load((kustomized / "kustomization.yaml").read_text())["resources"]
    assert len(charts.objects(kustomized / name for name in listed)) == len(items)


def test_regions_go_side_by_side_and_one_failure_fails_all(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin"}
    together = contenders.side_by_side({"a": "sleep 0.6", "b": "sleep 0.6", "c": "sleep 0.6"})
    assert run(together, cwd=tmp_path, environment=environment).wall_s < 1.5
    with pytest.raises(BenchError, match="region b said no"):
        run(
            contenders.side_by_side({"a": "true", "b": "echo region b said no >&2; false", "c": "true"}),
            cwd=tmp_path,
            environment=environment,
        )


def test_a_run_counts_the_cpu_and_the_memory_of_grandchildren(tmp_path: Path) -> None:
    work = "x = bytearray(120 * 2**20); s = sum(i * i for i in range(3_000_000))"
    script = f"python3 -c '{work}'; true"
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    done = run(["/bin/sh", "-c", script], cwd=tmp_path, environment=environment)
    assert done.peak_mib > 120
    assert done.cpu_s > 0.05
    assert run(["/bin/sh", "-c", "echo said"], cwd=tmp_path, environment=environment).out == "said\n"


def test_only_helm_and_kubectl_that_wait_are_told_to() -> None:
    def kubeconfig(region: str) -> Path:
        return Path(region, "kubeconfig")

    files = {"eu-west": Path("eu-west.yaml")}
    assert "--wait" in contenders.helm(Path("helm"), files, kubeconfig, True)[-1]
    assert "--wait" not in contenders.helm(Path("helm"), files, kubeconfig, False)[-1]
    assert "rollout status statefulset -n fresh" in contenders.kubectl(Path("kubectl"), files, kubeconfig, "fresh")[-1]
    assert "rollout" not in contenders.kubectl(Path("kubectl"), files, kubeconfig, None)[-1]


def test_a_release_over_its_limit_is_told_from_other_failures() -> None:
    refusal = 'Secret "sh.helm.release.v1.bench.v1" is invalid: data: Too long: may not be more than 1048576 bytes'
    assert apply.too_large(f"sh -c failed: Error: create: failed to create: {refusal}")
    assert apply.too_large("Error: create: failed to create: Request entity too large: limit is 3145728")
    assert not apply.too_large("sh -c failed: Error: context deadline exceeded")


def test_a_contestant_that_could_not_run_has_no_ratio() -> None:
    assert ratios_of([({"cpu_s": 1.0}, {}), ({"cpu_s": 1.0}, {})]) == {}


def test_the_bare_program_can_collect_exactly_as_rarely_as_ours() -> None:
    assert program_of(ROOT).func.__globals__["COLLECT_AFTER"] == overhead.COLLECT_AFTER  # type: ignore[attr-defined]
