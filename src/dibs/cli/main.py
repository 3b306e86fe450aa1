"""The command line: every command, and where it is."""

from __future__ import annotations

import click

from dibs import __version__
from dibs.cli.agreements import check, diff, schema, show
from dibs.cli.auditing import audit
from dibs.cli.decisions import decide, matrix, may_use
from dibs.cli.disputes import dispute
from dibs.cli.doctor import doctor
from dibs.cli.explaining import explain
from dibs.cli.frame import Program, command
from dibs.cli.keeping import backup, restore
from dibs.cli.money import commitment, export, settle
from dibs.cli.remote import FAMILIES, watch
from dibs.cli.running import run
from dibs.cli.serving import serve


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="dibs", message="%(prog)s %(version)s")
def cli() -> None:
    """Dibs runs a compute partnership as software.

    May this work run there?  Who must be asked first, and were they?  What happens over the years, and what is the
    proof of it?

    Results go to standard output, progress and remarks to standard error.  Exit status: 0 done (a refusal included),
    1 failed, 2 the input cannot be used.  In scripts, `--json` prints exactly one document.

    Tab completion: eval "$(_DIBS_COMPLETE=bash_source dibs)", or zsh_source, or fish_source.
    """


for function in (run, check, show, diff, decide, matrix, may_use):
    command(cli, function.__name__.replace("_", "-"))(function)
command(cli)(settle)
for family in (export, commitment, dispute, audit, *FAMILIES):
    cli.add_command(family)
for function in (watch, serve, backup, restore, explain, schema, doctor):
    command(cli)(function)


def main() -> None:
    """The `dibs` that the shell runs."""
    cli.main()
