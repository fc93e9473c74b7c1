"""`python -m maskctl`."""

from maskctl.cli import main

main()
