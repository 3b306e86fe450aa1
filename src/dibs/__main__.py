"""`python -m dibs`, where the command is not on the path."""

from __future__ import annotations

from dibs.cli.main import main

main()
