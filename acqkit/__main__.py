"""`python -m acqkit`."""

from acqkit.cli import main

main()
