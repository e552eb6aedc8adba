"""``omega tv loops`` and ``omega tv doctor``: what a television does by itself, and how it is."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from exogenesis.cli.home import opened
from exogenesis.cli.options import json_option, print_json
from exogenesis.cli.screen import folded
from exogenesis.tv.loops import CycleOutput, LoopStatus, LoopType
from exogenesis.tv.runtime import Finding, Health

UNWELL = 3
"""Exit code when something fails: a part that the doctor looks at, or a loop that was run."""

_DUE = "due"
_SLICE_MS = 1000.0
_ROUNDS_MAX = 600


@click.command(epilog="Example: omega tv loops --run deliberative")
@click.option(
    "--run",
    "run",
    is_flag=False,
    flag_value=_DUE,
    metavar="[LOOP]",
    help="Run one cycle of LOOP now; without a name, all that is due.",
)
@json_option
@click.pass_obj
def loops(home: Path, run: str | None, as_json: bool) -> None:
    """Show what this television does by itself, and when it is due.

    LOOP is reflexive, reactive, adaptive, deliberative, evolutionary, transformative or
    transcendent.
    """
    if run is not None and run != _DUE and run not in list(LoopType):
        raise click.BadParameter(f"{run!r} is no loop; there are: {', '.join(LoopType)}")
    with opened(home) as television:
        brain = television.brain
        ended: list[CycleOutput] = []
        if run == _DUE:
            for _ in range(_ROUNDS_MAX):
                brain.tick(_SLICE_MS)
                due = [one.next_at for one in brain.loops() if one.next_at is not None]
                if not any(at <= time.time() for at in due):
                    break
        elif run is not None:
            ended.append(brain.run_loop(LoopType(run)))
        told = brain.loops()
    if as_json:
        print_json({"ran": [_plain(one) for one in ended], "loops": [asdict(one) for one in told]})
        return
    for output in ended:
        click.echo(folded(_outcome(output)))
    click.echo(f"{'loop':15}{'last run':18}{'next run':18}{'runs':>6}{'good':>6}{'spent':>11}")
    for one in told:
        click.echo(_line(one))
        if one.error:
            click.echo(folded(f"  last time it failed: {one.error}"))
    if any(not one.success for one in ended):
        raise click.exceptions.Exit(UNWELL)


def _plain(output: CycleOutput) -> dict[str, object]:
    return {
        "loop": output.loop,
        "success": output.success,
        "error": output.error,
        "results": dict(output.results),
        "steps": output.steps,
        "spent_ms": output.spent_us / 1000,
    }


def _outcome(output: CycleOutput) -> str:
    results = ", ".join(f"{name} {value}" for name, value in output.results.items())
    done = "done" if output.success else f"failed: {output.error}"
    return (
        f"{output.loop}: {done} in {output.spent_us / 1000:.1f} ms, {output.steps} steps"
        f"{f' ({results})' if results else ''}"
    )


def _line(one: LoopStatus) -> str:
    good = "-" if one.success_rate is None else f"{one.success_rate:.0%}"
    return (
        f"{one.loop:15}{_time(one.last_at, 'never'):18}{_next(one):18}{one.runs:6}{good:>6}"
        f"{one.spent_ms:8.0f} ms"
    )


def _next(one: LoopStatus) -> str:
    if one.running:
        return "under way"
    if one.next_at is None:
        return "when watched" if one.loop is LoopType.ADAPTIVE else "on an event"
    return "now" if one.next_at <= time.time() else _time(one.next_at, "")


def _time(at: int | None, otherwise: str) -> str:
    if at is None:
        return otherwise
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


@click.command(epilog="Example: omega tv doctor --json")
@json_option
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Look at every part of this television, and say what is wrong and what to do.

    Exits with 0 when everything works or there are warnings only, with 3 when something fails.
    """
    home: Path = context.obj
    with opened(home) as television:
        findings = television.brain.doctor(free_bytes=shutil.disk_usage(home).free)
    if as_json:
        print_json([asdict(one) for one in findings])
    else:
        _print_findings(findings)
    if any(one.health is Health.FAIL for one in findings):
        context.exit(UNWELL)


def _print_findings(findings: list[Finding]) -> None:
    for one in findings:
        click.echo(folded(f"{one.health.upper():5}{one.name}: {one.says}"))
        if one.remedy:
            click.echo(folded(f"     what to do: {one.remedy}"))
    bad = [one.health for one in findings if one.health is not Health.OK]
    if not bad:
        click.echo("everything works")
    else:
        failing = bad.count(Health.FAIL)
        click.echo(
            f"{failing} of {len(findings)} parts fail, {len(bad) - failing} are worth a look"
        )
