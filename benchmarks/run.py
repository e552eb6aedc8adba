"""``make bench``: measure, print every figure beside its bar, fail when a bar does not hold."""

from __future__ import annotations

import sys

import brain
import click
import demo
import whole_loop


def main() -> None:
    """Run all benchmarks."""
    demo.record()
    rows = [*whole_loop.measure(), *brain.measure()]
    wide = max(len(row.what) for row in rows)
    click.echo(f"{'':{wide}}  {'measured':>9}  {'bar':>10}")
    for row in rows:
        bar = f"{'>=' if row.at_least else '<='} {row.bar:g}"
        verdict = "holds" if row.passed else "MISSED"
        click.echo(f"{row.what:{wide}}  {row.measured:9.4g}  {bar:>10}  {verdict}  {row.note}")
    sys.exit(not all(row.passed for row in rows))


if __name__ == "__main__":
    main()
