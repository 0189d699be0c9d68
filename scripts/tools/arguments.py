"""The command lines of scripts."""

import argparse


def command_line(name: str, description: str, epilog: str, usage: str | None = None) -> argparse.ArgumentParser:
    """Return a parser for the arguments of `scripts/NAME`, whose help has its texts line by line as they are here."""
    return argparse.ArgumentParser(
        prog=f"scripts/{name}",
        usage=usage,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
