"""The `acqkit` command."""

from acqkit.cli.app import main as main
