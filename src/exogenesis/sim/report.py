"""A fleet's run as text that a person reads in two minutes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from exogenesis.core.limits import ENVELOPES_PER_PUSH, PUSHES_PER_ROUND

_WIDTH: Final = 100
_TITLE: Final = 30
_METRICS: Final = ("ndcg10", "recall20", "hr10", "coverage10")
_OPENED: Final = 6
_HEX: Final = 16


def text(facts: dict[str, Any]) -> str:
    """Write the report.

    Args:
        facts: what :func:`exogenesis.sim.outcome.run` returned.
    """
    sections = (_head, _quality, _television, _bytes, _push, _counts)
    return "\n".join(line.rstrip() for section in sections for line in (*section(facts), ""))


def _head(facts: dict[str, Any]) -> Iterator[str]:
    data, settings = facts["dataset"], facts["settings"]
    dial = settings["dial"]
    yield "EXOGENESIS OMEGA: a fleet learns together and keeps what it watched to itself"
    yield (
        f"  {data['televisions']:,} televisions, {data['titles']:,} titles, {data['finished']:,} "
        f"finished titles ({data['name']}); {settings['rounds']} rounds of "
        f"{settings['round_hours']:g} h; seed {settings['seed']}"
    )
    yield (
        f"  privacy dial: fraction {dial['fraction']:g}, noise {dial['noise']:g}; a title is "
        f"published from {settings['k']} reports on"
    )
    yield "  Real: the televisions' code, sealed envelopes, HTTP over loopback, and a server and a"
    yield "  worker in processes of their own with their own keys and stores."
    yield f"  Simulated: {data['simulated']};"
    yield "  the clock (a day passes in seconds), chance and keys (from the seed), a page cache."


def _quality(facts: dict[str, Any]) -> Iterator[str]:
    data, models = facts["dataset"], facts["models"]
    yield "1  DOES IT HELP? What a household should be shown:"
    yield f"   {data['truth']}."
    yield f"   {'':36}{'NDCG@10':>9}{'recall@20':>11}{'HR@10':>9}{'coverage':>10}"
    for name, model in models.items():
        numbers = [model[metric] for metric in _METRICS]
        label = _label(name, facts["settings"])
        yield "   {:36}{:9.3f}{:11.3f}{:9.3f}{:10.3f}".format(label, *numbers)
    last = models[f"federated_r{facts['settings']['rounds']}"]["ndcg10"]
    popularity, alone, local_popularity, ease = (
        models[name]["ndcg10"] for name in ("popularity", "local_only", "local_popularity", "ease")
    )
    yield (
        f"   Look at: the fleet reaches {_times(last, popularity)} popularity, "
        f"{_times(last, alone)} a television's own history"
    )
    yield (
        f"   alone, {_times(last, local_popularity)} that and the catalogue's popularity; "
        f"{last / max(ease, 1e-9):.0%} of EASE, which reads"
    )
    yield "   every household's history in one place."


def _times(value: float, other: float) -> str:
    return f"{value / other:.1f} times" if other > 0 else "more than"


def _label(name: str, settings: dict[str, Any]) -> str:
    known = {
        "popularity": "popularity",
        "local_only": "a television's own history alone",
        "local_popularity": "  and the catalogue's popularity",
        "ease": f"EASE (lambda {settings['ease_lambda']:g}), sees everything",
    }
    return known.get(name) or f"the fleet, round {name.removeprefix('federated_r')}"


def _television(facts: dict[str, Any]) -> Iterator[str]:
    shown, rounds = facts["television"], facts["settings"]["rounds"]
    yield (
        f"2  ONE TELEVISION ({shown['name']}): the middle one of the {shown['among']} with a hit "
        f"in ten after round {rounds}"
    )
    lately = _cut(", ".join(shown["lately"]), _WIDTH - 40)
    yield f"   {shown['finished']} titles finished, lately: {lately}"
    for name, when, quality in (
        ("before", "before the first pull: its own history alone", shown["ndcg10"][0]),
        ("after", f"after round {rounds}", shown["ndcg10"][-1]),
    ):
        yield f"   {when} (NDCG@10 {quality:.3f})"
        for place, entry in enumerate(shown[name], start=1):
            hit = "*" if entry["relevant"] else " "
            title = f"{_cut(entry['title'], _TITLE):{_TITLE}}"
            yield _cut(f"   {hit} {place}  {title}  {entry['reason']}", _WIDTH)
    yield "   Look at: * marks a title that the household should be shown."


def _cut(words: str, width: int) -> str:
    return words if len(words) <= width else f"{words[: width - 1]}…"


def _bytes(facts: dict[str, Any]) -> Iterator[str]:
    sizes, rounds = facts["bytes"], facts["settings"]["rounds"]
    kinds = sizes["television"]
    yield f"3  BYTES of one television in {rounds} rounds (bodies; the mean of the fleet)"
    yield f"   {'':38}{'up':>10}{'down':>12}"
    for kind, label in (
        ("enrol", "enrolment, once"),
        ("manifest", "manifests (idle syncs are left out)"),
        ("pages", f"pages, {sizes['page_max']:,} B at most"),
        ("push", f"pushes of {sizes['push']:,} B"),
    ):
        up, down = kinds[kind]["up"]["mean"], kinds[kind]["down"]["mean"]
        yield f"   {label:38}{up:8,.0f} B{down:10,.0f} B"
    pushed = kinds["push"]["up"]
    same = "the same for every television, whatever it watched"
    if pushed["max"] != pushed["mean"]:
        same = "more only where a reply was lost and the same bytes were sent again"
    yield f"   Look at: {PUSHES_PER_ROUND} pushes a round, {same}."
    yield f"   The catalogue pack, {facts['dataset']['pack_bytes']:,} B, came with the television."


def _push(facts: dict[str, Any]) -> Iterator[str]:
    views = facts["one_push"]
    own, server, worker = views["television"], views["server"], views["worker"]
    at = datetime.fromtimestamp(own["at"], UTC)
    yield "4  ONE PUSH FROM THREE SIDES"
    yield f"   The television's ledger ({at:%H:%M}, round {own['round']}) and what the server got:"
    yield (
        f"   {server['bytes']} bytes from device {server['device'][:_HEX]}…, round "
        f"{server['round']}, seq {server['seq']}; sealed:"
    )
    for title, sealed in zip(own["envelopes"], server["sealed"], strict=True):
        said = f"finished {_cut(title, _TITLE)}" if title else "(dummy)"
        yield f"     {said:{_TITLE + 12}}{sealed[: 2 * _HEX]}…"
    yield (
        f"   The worker, round {worker['round']}: {worker['envelopes']:,} envelopes in random "
        f"order, no senders; {worker['reports']:,} reports, "
        f"{worker['envelopes'] - worker['reports']:,} dummies:"
    )
    for entry in worker["opened"][:_OPENED]:
        head = " ".join(f"{value:+.2f}" for value in entry["vector"])
        said = f"{_cut(entry['title'], _TITLE):{_TITLE}}  [{head} …" if head else "(dummy)"
        yield f"     bucket {entry['bucket']:<3} {said}"
    yield "   Look at: the server has a device and no title, the worker a title and no device."


def _counts(facts: dict[str, Any]) -> Iterator[str]:
    pushes, rounds = facts["pushes"], facts["rounds"]
    envelopes = sum(entry["envelopes"] for entry in rounds)
    reports = sum(entry["reports"] for entry in rounds)
    yield "5  COUNTED AT BOTH ENDS"
    yield f"   {'':34}{'televisions':>12}{'worker':>12}"
    sent = ENVELOPES_PER_PUSH * pushes["acknowledged"]
    yield f"   {'envelopes of acknowledged pushes':34}{sent:12,}{envelopes:12,}"
    yield f"   {'reports in them':34}{pushes['skills']:12,}{reports:12,}"
    yield f"   {'dummies in them':34}{pushes['dummies']:12,}{envelopes - reports:12,}"
    resent = f"{pushes['resent']:,} sent again because a reply was lost"
    agree = sent == envelopes and pushes["skills"] == reports
    verdict = "both ends agree" if agree else "BOTH ENDS SHOULD AGREE AND DO NOT"
    yield f"   {pushes['acknowledged']:,} pushes acknowledged, {resent}: {verdict}."
