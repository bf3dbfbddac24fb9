"""One module per group of commands; each adds its own to the application."""

from __future__ import annotations

import typer

from fleet.commands import (
    chains,
    configuration,
    doctor,
    images,
    lint,
    preview,
    promote,
    release,
    render,
    restore,
    sandbox,
    secret,
    stack,
)


def add_to(app: typer.Typer) -> None:
    """Add every command."""
    for module in (
        stack,
        preview,
        release,
        promote,
        restore,
        images,
        chains,
        lint,
        render,
        configuration,
        secret,
        doctor,
        sandbox,
    ):
        module.add_to(app)
