"""A small fleet against a real server and worker, with replies that get lost."""

from __future__ import annotations

import json
import multiprocessing
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result

from exogenesis.cli.demo import demo
from exogenesis.cli.simulate import simulate
from exogenesis.constellation.federation.worker import RoundSettings, SigningPair
from exogenesis.core.limits import ENVELOPES_PER_PUSH, PAGE_BYTES_MAX, PUSHES_PER_ROUND
from exogenesis.errors import CatalogError, InputError, StorageError
from exogenesis.sim import outcome, picture, report, scenario
from exogenesis.sim.clock import SharedClock
from exogenesis.sim.fleet import LIST_LENGTH, FleetSettings, open_fleet, steps
from exogenesis.sim.processes import (
    SPAWN,
    ChildFailed,
    ServerPlan,
    WorkerPlan,
    WorkerProcess,
    start_server,
    start_worker,
)
from exogenesis.sim.world import EPOCH_S, WorldSettings
from exogenesis.wire.fields import signing_pair
from exogenesis.wire.push import PUSH_BYTES

TELEVISIONS, ROUNDS, LOSS = 80, 2, 0.2
WORLD = WorldSettings(households=TELEVISIONS, titles=100, finished=20.0, circles=5)
SAME_ON_THE_COMMAND_LINE = (
    f"--tvs {TELEVISIONS} --titles 100 --finished 20 --circles 5 --rounds {ROUNDS} --loss {LOSS}"
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def steps_heard() -> list[int]:
    return []


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory, steps_heard: list[int]) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("fleet")
    made = scenario.invented(WORLD, seed=0, folder=folder)
    settings = FleetSettings(rounds=ROUNDS, loss=LOSS)
    return outcome.run(made, settings, folder=folder, advance=steps_heard.append)


def test_every_acknowledged_push_is_counted_exactly_once(facts: dict[str, Any]) -> None:
    pushes = facts["pushes"]
    assert pushes["resent"] > 0.5 * LOSS * pushes["acknowledged"]
    assert pushes["acknowledged"] == TELEVISIONS * ROUNDS * PUSHES_PER_ROUND
    stored = sum(entry["envelopes"] for entry in facts["rounds"])
    assert stored == ENVELOPES_PER_PUSH * pushes["acknowledged"]


def test_the_worker_finds_the_reports_that_the_ledgers_list(facts: dict[str, Any]) -> None:
    found = sum(entry["reports"] for entry in facts["rounds"])
    stored = sum(entry["envelopes"] for entry in facts["rounds"])
    assert found == facts["pushes"]["skills"] > 0
    assert stored - found == facts["pushes"]["dummies"] > 0


def test_all_televisions_take_part_in_every_round(facts: dict[str, Any]) -> None:
    assert [entry["closed"] for entry in facts["rounds"]] == [1, 2]
    assert [entry["devices"] for entry in facts["rounds"]] == [TELEVISIONS, TELEVISIONS]
    assert all(entry["titles"] > 30 for entry in facts["rounds"])


def test_learning_together_beats_popularity_and_a_television_without_a_fleet(
    facts: dict[str, Any],
) -> None:
    models = facts["models"]
    fleet = models[f"federated_r{ROUNDS}"]["ndcg10"]
    for other in ("popularity", "local_only", "local_popularity"):
        assert fleet > 1.15 * models[other]["ndcg10"], other
    assert models["ease"]["ndcg10"] > fleet


def test_bytes_keep_their_promises(facts: dict[str, Any]) -> None:
    sizes = facts["bytes"]
    assert sizes["push"] == PUSH_BYTES
    assert sizes["page_max"] <= PAGE_BYTES_MAX
    sent = sizes["television"]["push"]["up"]
    assert sent["max"] % PUSH_BYTES == 0
    whole = facts["pushes"]["acknowledged"] + facts["pushes"]["resent"]
    assert round(sent["mean"] * TELEVISIONS) == whole * PUSH_BYTES
    for kind in ("manifest", "pages"):
        assert sizes["television"][kind]["up"]["max"] == 0
        assert sizes["television"][kind]["down"]["mean"] > 0


def test_the_three_sides_of_a_push_tell_of_the_same_push(facts: dict[str, Any]) -> None:
    views = facts["one_push"]
    assert len(views["television"]["envelopes"]) == ENVELOPES_PER_PUSH
    assert len(set(views["server"]["sealed"])) == ENVELOPES_PER_PUSH
    assert views["server"]["round"] == views["television"]["round"] == ROUNDS
    assert views["server"]["seq"] == ROUNDS * PUSHES_PER_ROUND
    named = [title for title in views["television"]["envelopes"] if title]
    seen = json.dumps(views["server"])
    assert named
    assert not any(title in seen for title in named)
    assert "device" not in json.dumps(views["worker"])


def test_progress_ends_where_it_said(facts: dict[str, Any], steps_heard: list[int]) -> None:
    assert facts["settings"]["rounds"] == ROUNDS
    assert sum(steps_heard) == steps(TELEVISIONS, ROUNDS)


def test_the_report_is_short_and_says_what_is_simulated(facts: dict[str, Any]) -> None:
    lines = report.text(facts).splitlines()
    assert len(lines) < 80
    assert max(map(len, lines)) <= 100
    text = "\n".join(lines)
    for words in (
        "Simulated:",
        "a television's own history alone",
        "and the catalogue's popularity",
        "the fleet, round 2",
        "EASE (lambda 100), sees everything",
        "981",
    ):
        assert words in text
    assert str(facts["pushes"]["resent"]) in text


def test_the_picture_names_its_lines(facts: dict[str, Any], tmp_path: Path) -> None:
    png, svg = picture.draw(facts, tmp_path)
    again = tmp_path / "again"
    again.mkdir()
    assert png.read_bytes().startswith(b"\x89PNG")
    assert svg.read_bytes() == picture.draw(facts, again)[1].read_bytes()
    drawn = re.findall(r"<!-- (.*?) -->", svg.read_text("utf-8"))
    for words in ("the fleet, sealed", "popularity", "EASE (lambda 100)", "NDCG@10"):
        assert any(comment.startswith(words) for comment in drawn), words


@pytest.mark.parametrize(
    ("better", "label"),
    [("local_only", "own history alone"), ("local_popularity", "own history and popularity")],
)
def test_the_picture_shows_the_better_television_without_a_fleet(
    facts: dict[str, Any], tmp_path: Path, better: str, label: str
) -> None:
    models = facts["models"] | {
        name: {"ndcg10": 0.1} for name in ("local_only", "local_popularity")
    }
    picture.draw(facts | {"models": models | {better: {"ndcg10": 0.2}}}, tmp_path)
    drawn = re.findall(r"<!-- (.*?) -->", (tmp_path / "quality-by-round.svg").read_text("utf-8"))
    assert [comment for comment in drawn if comment.startswith("own")] == [f"{label}  0.200"]


def omega(command: click.Command, arguments: str, out: Path) -> Result:
    return CliRunner().invoke(command, [*arguments.split(), "--out", str(out)])


def test_the_same_seed_gives_the_same_figures_on_the_command_line(
    facts: dict[str, Any], tmp_path: Path
) -> None:
    result = omega(simulate, f"{SAME_ON_THE_COMMAND_LINE} --json", tmp_path)
    assert result.exit_code == 0, result.output
    again = json.loads(result.stdout)
    for same in ("models", "rounds", "television", "bytes", "pushes", "one_push"):
        assert again[same] == facts[same], same


def test_the_demo_writes_what_it_prints(tmp_path: Path) -> None:
    result = omega(demo, "--tvs 30 --rounds 1 --seed 3 --json", tmp_path / "new" / "out")
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    folder = tmp_path / "new" / "out"
    assert json.loads((folder / "report.json").read_text("utf-8")) == printed
    assert all(Path(name).stat().st_size > 500 for name in printed["files"])
    assert (folder / "catalog" / "titles.jsonl").is_file()
    assert printed["dataset"]["televisions"] == 30


def test_the_demo_reads_ratings(tmp_path: Path) -> None:
    data = tmp_path / "ratings"
    data.mkdir()
    rng = np.random.default_rng(0)
    titles = [f"{n},Film {n} ({1980 + n % 20}),{('Drama', 'Comedy')[n % 2]}" for n in range(60)]
    (data / "movies.csv").write_text("\n".join(["movieId,title,genres", *titles]), "utf-8")
    rows = [
        f"{user},{movie},{4.5 if (user + movie) % 2 else 2.0},{1000 + place}"
        for user in range(1, 25)
        for place, movie in enumerate(rng.permutation(60)[:30])
    ]
    (data / "ratings.csv").write_text(
        "\n".join(["userId,movieId,rating,timestamp", *rows]), "utf-8"
    )
    result = omega(demo, f"--data {data} --tvs 20 --rounds 1", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "20 televisions, 60 titles" in result.stdout
    assert "Simulated: viewing: a rating of 4 or more" in result.stdout
    too_many = omega(demo, f"--data {data} --tvs 25", tmp_path / "out").exception
    assert isinstance(too_many, InputError)
    assert "24 households" in str(too_many)


def test_a_folder_without_a_catalogue_and_an_unusable_out_are_errors(tmp_path: Path) -> None:
    missing = omega(demo, f"--data {tmp_path}", tmp_path / "out").exception
    assert isinstance(missing, CatalogError)
    (tmp_path / "file").write_text("x")
    blocked = omega(demo, "", tmp_path / "file" / "out").exception
    assert isinstance(blocked, StorageError)


def test_a_server_that_cannot_start_is_reported(tmp_path: Path) -> None:
    (tmp_path / "server").write_text("no folder")
    plan = ServerPlan(
        home=tmp_path / "server",
        exchange=tmp_path / "exchange",
        worker_public=bytes(32),
        tokens=1,
        seed=0,
    )
    with pytest.raises(ChildFailed, match="the server process failed"):
        start_server(plan, SharedClock(SPAWN, EPOCH_S))


def test_a_worker_that_cannot_step_is_reported(tmp_path: Path) -> None:
    public, secret = signing_pair(bytes(32))
    plan = WorkerPlan(
        home=tmp_path / "worker",
        exchange=tmp_path / "exchange",
        keys=SigningPair(public=public, secret=secret),
        catalog_public=public,
        pack=b"no pack",
        server_url="http://127.0.0.1:9",
        settings=RoundSettings(),
        seed=0,
    )
    with start_worker(plan, SharedClock(SPAWN, EPOCH_S)) as child:
        worker = WorkerProcess(child)
        with pytest.raises(ChildFailed, match="cut short"):
            worker.step()
        with pytest.raises(ChildFailed, match="ended"):
            worker.step()


def test_evaluated_lists_hold_no_exploration(tmp_path: Path) -> None:
    made = scenario.invented(replace(WORLD, households=4), seed=0, folder=tmp_path)
    with open_fleet(
        made.tenants,
        pack=made.pack,
        catalog_public=made.catalog_public,
        folder=tmp_path,
        start_s=made.start_s,
        settings=FleetSettings(rounds=1),
    ) as fleet:
        shown = [entry.kind for entries in fleet.shown() for entry in entries]
        explored = [entry.kind for tv in fleet.televisions for entry in tv.brain.recommend()]
    assert "exploration" in explored
    assert "exploration" not in shown
    assert len(shown) == 4 * LIST_LENGTH


@pytest.mark.parametrize("command", [demo, simulate], ids=lambda command: str(command.name))
def test_a_command_without_its_packages_names_itself(
    command: click.Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "exogenesis.sim.picture")
    monkeypatch.delattr("exogenesis.sim.picture")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    refused = omega(command, "--tvs 4", tmp_path).exception
    assert isinstance(refused, InputError)
    assert str(refused).startswith(f"omega {command.name} needs matplotlib: pip install ")


def run_and_kill(name: str, folder: Path) -> None:
    world = WorldSettings(households=4, titles=60, finished=10.0, circles=3)
    made = scenario.invented(world, seed=0, folder=folder)
    with open_fleet(
        made.tenants,
        pack=made.pack,
        catalog_public=made.catalog_public,
        folder=folder,
        start_s=made.start_s,
        settings=FleetSettings(rounds=2),
    ) as fleet:
        stages = fleet.run(lambda _: None)
        next(stages)
        (child,) = (c for c in multiprocessing.active_children() if c.name == name)
        child.kill()
        list(stages)


@pytest.mark.parametrize("name", ["server", "worker"])
def test_a_process_that_dies_ends_the_run_and_leaves_nobody_behind(
    tmp_path: Path, name: str
) -> None:
    before = set(multiprocessing.active_children())
    with pytest.raises(ChildFailed, match=f"the {name} process failed"):
        run_and_kill(name, tmp_path)
    assert set(multiprocessing.active_children()) <= before


@pytest.mark.parametrize("changes", [{"rounds": 0}, {"loss": 0.95}, {"loss": -0.1}])
def test_impossible_fleets_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        FleetSettings(**changes)
