"""Importing a history: what is read, what is refused with line and field, and nothing twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exogenesis.core.titles import Title
from exogenesis.errors import DiskFull, InputError
from exogenesis.tv import AgentDB, Profile, ViewingEvent
from exogenesis.tv.history import History, ImportReport, Viewing, records
from exogenesis.tv.memory import CosmicMemory
from exogenesis.tv.moment import Timekeeper
from exogenesis.tv.observe import Observer
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy
from tests.support.television import NOW, FakeClock, plain_titles, small_catalog

CATALOG = small_catalog(
    [
        Title(id="heat", name="Heat", year=1995),
        Title(id="heat-72", name="Heat", year=1972),
        Title(id="amelie", name="Amélie", year=2001),
        Title(id="harbour", name="Harbour Lights", episodes=8),
        Title(id="comma", name='The Good, the Bad and the "Ugly"'),
        *plain_titles(20),
    ]
)
WATCHED = NOW - 5 * 86_400


class Television:
    """A store into which histories are brought."""

    def __init__(self) -> None:
        self.database = Database.open(None)
        self.agentdb = AgentDB(self.database, CATALOG.content)
        self.policy = Policy(self.database)
        self.policy.add_profile(Profile(name="ana"))
        self.observer = Observer(
            database=self.database,
            agentdb=self.agentdb,
            memory=CosmicMemory(self.database),
            catalog=CATALOG,
            policy=self.policy,
            timekeeper=Timekeeper(self.database, FakeClock()),
        )
        self.stored: list[Viewing] = []
        self.history = History(
            database=self.database, catalog=CATALOG, policy=self.policy, store=self.store
        )

    def store(self, viewings: Sequence[Viewing]) -> None:
        self.stored += viewings
        self.observer.take(event(viewing) for viewing in viewings)

    def rows(self) -> list[tuple[Any, ...]]:
        """Everything that an import may change."""
        return [
            *self.database.run("list_skills", profile="home", least=0.0),
            *self.database.run("list_starts", profile="home"),
            *self.database.run("list_starts", profile="ana"),
            *self.database.run("count_rows", least=0.7),
        ]


def event(viewing: Viewing) -> ViewingEvent:
    told = asdict(viewing)
    del told["line"]
    return ViewingEvent(**told)


@pytest.fixture
def television() -> Television:
    return Television()


def bring(television: Television, folder: Path, text: str | bytes, **options: Any) -> ImportReport:
    path = folder / "history"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return television.history.bring(path, **options)


def refusal(television: Television, folder: Path, text: str | bytes, **options: Any) -> str:
    """The message, after making sure that nothing was stored."""
    before = television.rows()
    with pytest.raises(InputError) as caught:
        bring(television, folder, text, **options)
    assert television.rows() == before
    return str(caught.value)


def unix_s(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[misc,arg-type]


CSV = '''\
title,year,fraction,at,profile,episode
Heat,1995,0.92,2026-01-31T20:15:00+01:00,,
"The Good, the Bad and the ""Ugly""",,1,1769886000,ana,
harbour lights,,.4,2026-02-01,,3
Amélie (2001),,0,2026-02-02 21:00:00,,

'''
SAME_JSON = [
    {"title": "Heat", "year": 1995, "fraction": 0.92, "at": "2026-01-31T20:15:00+01:00"},
    {"title_id": "comma", "fraction": 1, "at": 1769886000, "profile": "ana"},
    {"title": "Harbour Lights", "fraction": 0.4, "at": "2026-02-01", "episode": 3, "year": None},
    {"title": "amélie", "fraction": 0.0, "at": "2026-02-02 21:00:00", "profile": ""},
]
EXPECTED = [
    ("heat", 0.92, "home", unix_s(2026, 1, 31, 19, 15), True, None),
    ("comma", 1.0, "ana", 1769886000, True, None),
    ("harbour", 0.4, "home", unix_s(2026, 2, 1), False, 3),
    ("amelie", 0.0, "home", unix_s(2026, 2, 2, 21), True, None),
]


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        "\ufeff" + CSV.replace("\n", "\r\n"),
        CSV.replace("title,", " Title ,", 1),
        json.dumps(SAME_JSON),
        json.dumps(SAME_JSON, indent=2, ensure_ascii=False),
        "\ufeff" + "\n\n".join(map(json.dumps, SAME_JSON)),
    ],
)
def test_the_three_forms_say_the_same(television: Television, tmp_path: Path, text: str) -> None:
    report = bring(television, tmp_path, text)
    assert (report.read, report.stored, report.known, report.skipped) == (4, 4, 0, ())
    found = [
        (v.title_id, v.fraction, v.profile, v.at, v.hour_known, v.episode)
        for v in television.stored
    ]
    assert sorted(found) == sorted(EXPECTED)
    assert [at for _, _, _, at, _, _ in found] == sorted(at for _, _, _, at, _, _ in EXPECTED)


def test_what_was_finished_may_be_said_instead(television: Television, tmp_path: Path) -> None:
    words = ["yes", "NO", "true", "False", "1", "0"]
    rows = "".join(f"t00{row},{word},{WATCHED}\n" for row, word in enumerate(words))
    bring(television, tmp_path, f"title_id,watched,at\n{rows}")
    assert [viewing.fraction for viewing in television.stored] == [1.0, 0.3] * 3
    bring(television, tmp_path, json.dumps([{"title_id": "heat", "finished": True, "at": 5}]))
    assert television.stored[-1].fraction == 1.0
    started = {one.title_id: one.is_skill for one in television.agentdb.started("home")}
    assert started["heat"]
    assert not started["t001"]


def test_the_option_says_who_watched_where_the_file_does_not(
    television: Television, tmp_path: Path
) -> None:
    text = f"title_id,fraction,at,profile\nt001,1,{WATCHED},\nt002,1,{WATCHED},home\n"
    bring(television, tmp_path, text, profile="ana")
    assert {viewing.title_id: viewing.profile for viewing in television.stored} == {
        "t001": "ana",
        "t002": "home",
    }
    assert "no profile 'bob'" in refusal(television, tmp_path, text, profile="bob")


def test_a_second_import_changes_nothing(television: Television, tmp_path: Path) -> None:
    bring(television, tmp_path, CSV)
    before = television.rows()
    again = bring(television, tmp_path, CSV)
    assert (again.read, again.stored, again.known) == (4, 0, 4)
    other_form = bring(television, tmp_path, json.dumps(SAME_JSON))
    assert (other_form.stored, other_form.known) == (0, 4)
    assert television.rows() == before


def test_a_longer_export_brings_what_is_new(television: Television, tmp_path: Path) -> None:
    bring(television, tmp_path, CSV)
    report = bring(television, tmp_path, CSV + "Heat,1995,0.92,2026-03-01T20:15:00,,\n")
    assert (report.stored, report.known) == (1, 4)
    assert television.agentdb.skill_list("home")[0].usage_count == 2


def test_a_viewing_that_is_there_twice_counts_once(television: Television, tmp_path: Path) -> None:
    rows = f"t001,1,{WATCHED}\n" * 3 + f"t001,.9,{WATCHED}\nt001,1,{WATCHED + 1}\n"
    report = bring(television, tmp_path, f"title_id,fraction,at\n{rows}")
    assert (report.read, report.stored, report.known) == (5, 3, 2)


@pytest.mark.parametrize("episode", [None, 2])
def test_what_this_television_saw_itself_is_known(
    television: Television, tmp_path: Path, episode: int | None
) -> None:
    seen = ViewingEvent(title_id="harbour", fraction=0.75, at=WATCHED, episode=episode)
    television.observer.observe([seen])
    row = f"harbour,0.75,{WATCHED},{episode or ''}"
    text = f"title_id,fraction,at,episode\n{row}\nharbour,.75,{WATCHED},4\n"
    report = bring(television, tmp_path, text)
    assert (report.stored, report.known) == (1, 1)


def test_it_stays_known_after_the_viewings_themselves_are_gone(
    television: Television, tmp_path: Path
) -> None:
    bring(television, tmp_path, CSV)
    CosmicMemory(television.database).expire(NOW)
    assert television.database.run("count_rows", least=0.7)[0][0] == 0
    assert bring(television, tmp_path, CSV).stored == 0


def test_what_is_forgotten_can_be_brought_again(television: Television, tmp_path: Path) -> None:
    bring(television, tmp_path, CSV)
    memory = CosmicMemory(television.database)
    with television.database.transaction():
        memory.forget_subject("heat")
        television.database.run("forget_skill_title", title="heat")
    report = bring(television, tmp_path, CSV)
    assert (report.stored, report.known) == (1, 3)


def test_the_hour_of_a_date_is_not_learnt(television: Television, tmp_path: Path) -> None:
    bring(television, tmp_path, "title_id,fraction,at\nt001,1,2026-01-31\n")
    assert television.database.run("sum_rhythm", profile="home") == []
    bring(television, tmp_path, "title_id,fraction,at\nt001,1,2026-01-31T20:00\n")
    assert len(television.database.run("sum_rhythm", profile="home")) == 2


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("heat,,,1,soon,,", "line 2, at: must be Unix seconds or a date such as 2026-01-31"),
        ("heat,,,1,,,", "line 2, at: must be Unix seconds"),
        ("heat,,,1,-5,,", "line 2, at: must be Unix seconds"),
        ("heat,,,1,1969-12-31,,", "line 2, at: must be Unix seconds"),
        (f"heat,,,1,{1 << 40},,", "line 2, at: must be Unix seconds"),
        (f"heat,,,1,{'9' * 5000},,", "line 2, at: must be Unix seconds"),
        ("heat,,,1.01,5,,", "line 2, fraction: must be a number from 0 to 1, not '1.01'"),
        ("heat,,,nan,5,,", "line 2, fraction: must be a number"),
        ("heat,,,,5,,", "line 2, fraction: either fraction or finished is needed"),
        ("heat,,,92%,5,,", "line 2, fraction: must be a number"),
        ("heat,,,1,5,bob,", "line 2, profile: there is no profile 'bob'; there are: ana, home"),
        ("harbour,,,1,5,,9", "line 2, episode: the series has 8 episodes, there is no 9"),
        ("harbour,,,1,5,,0", "line 2, episode: must be a whole number from 1 on, not '0'"),
        ("harbour,,,1,5,,1.5", "line 2, episode: must be a whole number"),
        (",Heat,199x,1,5,,", "line 2, year: must be a whole number from 0 on"),
        (",,,1,5,,", "line 2, title: either title or title_id is needed"),
        (f"{'x' * 401},,,1,5,,", "line 2, title_id: must be a text of at most 400 characters"),
        ("heat,,,1", "line 2: 4 fields, expected 7: title_id,title,"),
        ("wrong,,,1,5,,", "line 2, title_id: the catalogue holds no 'wrong'"),
        (",Wrong,1999,1,5,,", "line 2, title: the catalogue holds no 'Wrong' of 1999"),
        (",Heat,2001,1,5,,", "line 2, title: the catalogue holds no 'Heat' of 2001"),
        (",Heat,,1,5,,", "line 2, title: several titles are called 'Heat': heat, heat-72"),
        ('heat,",,1,5,,', "line 2: not comma-separated"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_stored(
    television: Television, tmp_path: Path, row: str, expected: str
) -> None:
    text = f"title_id,title,year,fraction,at,profile,episode\n{row}\nheat,,,1,{WATCHED},,\n"
    message = refusal(television, tmp_path, text)
    assert expected in message
    assert len(message) < 600


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is empty"),
        ("\n  \n", "is empty"),
        ("title,at,colour\n", "'colour' does not fit"),
        ("title,at,at\n", "'at' does not fit"),
        ("title,finished,watched,at\n", "'finished' does not fit"),
        ("Netflix viewing activity\n", "line 1: the header names the columns"),
        (b"title,fraction,at\n\xff,1,5\n", "line 2: not UTF-8 text"),
        (b'[{"title_id": "heat"},\n\xff]', "line 2: not UTF-8 text"),
        (b"PK\x03\x04 a zip \xfa", "line 1: not UTF-8 text"),
        ("title," + "x" * (64 << 10), "line 1: longer than 65536 bytes"),
        ('{"title_id": "heat", "fraction": 1, "at": 5', "line 1: not JSON"),
        ('{"title_id": "heat", "fraction": 1, "at": 5} 7', "line 1: expected one JSON object"),
        ('{"title_id": "heat", "fraction": NaN, "at": 5}', "line 1: NaN is not a JSON number"),
        ('{"at": 5, "at": 6}', "line 1: a field is there twice"),
        ('{"at": 5, "stars": 6}', "line 1, stars: unknown; known are title_id"),
        ('{"at": 5, "title_id": ["heat"], "fraction": 1}', "line 1, title_id: must be a text"),
        ('{"at": true, "title_id": "heat", "fraction": 1}', "line 1, at: must be Unix"),
        ('{"at": 5.5, "title_id": "heat", "fraction": 1}', "line 1, at: must be Unix"),
        ('{"at": 5, "title_id": "heat", "fraction": true}', "line 1, fraction: must be a number"),
        ('{"at": 5, "title_id": "heat", "fraction": [1]}', "line 1, fraction: must be a number"),
        ('{"at": 5, "title_id": "heat", "finished": "da"}', "line 1, finished: must be yes or no"),
        ('{"at": 5, "title_id": "heat", "finished": 1, "fraction": 1}', "and not both"),
        ('{"at": 5, "title_id": "heat", "fraction": 1, "profile": [1]}', "line 1, profile: there"),
        ('{"at": 5, "title_id": "heat", "fraction": 1, "year": -1}', "line 1, year: must be a"),
        ('[{"at": 5}\n, 7]', "line 2: expected an object"),
        ('[\n{"at": 5}\n{"at": 6}]', "line 2: after this viewing a comma or ] is missing"),
        ('[{"at": 5},\n', "line 2: not JSON"),
        ("[1, 2] 3", "more follows after the list"),
        ("[" * 100_000, "brackets within brackets"),
        ('{"a":' * 10_000, "brackets within brackets"),
        ('{"at": %s, "title_id": "heat", "fraction": 1}' % ("9" * 5000), "line 1, at: must be"),
    ],
)
def test_a_file_that_is_no_history_is_refused(
    television: Television, tmp_path: Path, text: str | bytes, expected: str
) -> None:
    message = refusal(television, tmp_path, text)
    assert expected in message
    assert len(message) < 1000
    for word in ("Traceback", "recursion", "sys."):
        assert word not in message


def test_a_file_that_is_not_there_is_named(television: Television, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere cannot be read"):
        television.history.bring(tmp_path / "nowhere")
    with pytest.raises(InputError, match="cannot be read"):
        television.history.bring(tmp_path)


def test_every_wrong_row_is_named_up_to_twenty(television: Television, tmp_path: Path) -> None:
    rows = "".join(f"t001,{row},5\n" for row in range(2, 32))
    message = refusal(television, tmp_path, f"title_id,fraction,at\n{rows}")
    assert [f"line {line}, fraction" in message for line in (2, 21, 22)] == [True, True, False]
    assert message.endswith("and 10 more")


def test_titles_that_are_not_here_can_be_left_out(television: Television, tmp_path: Path) -> None:
    text = f"title,fraction,at\nAmélie,1,{WATCHED}\nNothing,1,{WATCHED}\nHeat,1,{WATCHED}\n"
    assert "--skip-unknown" in refusal(television, tmp_path, text)
    report = bring(television, tmp_path, text, skip_unknown=True)
    assert (report.read, report.stored) == (3, 1)
    assert [problem.line for problem in report.skipped] == [3, 4]
    assert "several titles" in str(report.skipped[1])


def test_a_wrong_row_is_not_left_out(television: Television, tmp_path: Path) -> None:
    text = f"title_id,fraction,at\nheat,1,{WATCHED}\nheat,7,{WATCHED}\n"
    assert "line 3, fraction" in refusal(television, tmp_path, text, skip_unknown=True)


def test_too_large_a_file_is_refused_before_it_is_read(
    television: Television, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "FILE_BYTES_MAX", 100)
    monkeypatch.setattr(records, "JSON_BYTES_MAX", 60)
    monkeypatch.setattr(records, "RECORDS_MAX", 2)
    rows = "title_id,fraction,at\n" + "t001,1,5\n" * 9
    assert "limit is 100" in refusal(television, tmp_path, rows)
    assert "limit is 60" in refusal(television, tmp_path, "[" + " " * 60 + "]")
    assert "more than 2 viewings" in refusal(television, tmp_path, rows[:60])


def test_a_full_disk_in_the_middle_leaves_nothing(
    television: Television, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def store(viewings: Sequence[Viewing]) -> None:
        calls.append(len(viewings))
        if len(calls) == 3:
            raise DiskFull("here")
        television.store(viewings)

    history = History(
        database=television.database, catalog=CATALOG, policy=television.policy, store=store
    )
    rows = "".join(f"t001,1,{WATCHED + second}\n" for second in range(900))
    (tmp_path / "long.csv").write_text(f"title_id,fraction,at\n{rows}")
    before = television.rows()
    with pytest.raises(DiskFull):
        history.bring(tmp_path / "long.csv")
    assert television.rows() == before
    assert len(calls) == 3
    told: list[tuple[int, int]] = []
    report = television.history.bring(
        tmp_path / "long.csv", progress=lambda done, total: told.append((done, total))
    )
    assert report.stored == 900
    assert told[-1] == (900, 900)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.sampled_from(["", "[", "{", "title_id,fraction,at\n"]),
    st.text(st.sampled_from('[]{}":, \n\r\tat5heat1.e-\\u0000"null'), max_size=60)
    | st.text(max_size=20),
)
def test_nothing_but_input_errors_comes_out(tmp_path: Path, start: str, rest: str) -> None:
    path = tmp_path / "any"
    path.write_bytes((start + rest).encode("utf-8", "surrogatepass"))
    television = Television()
    try:
        television.history.bring(path)
    except InputError:
        assert television.stored == []
