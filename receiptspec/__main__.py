"""``python -m receiptspec``."""

from receiptspec.cli import main

main()
