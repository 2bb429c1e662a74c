"""For tools that a person runs by hand, with libraries that nobody else needs: arguments are read, and --help answered,
before those are imported."""

import argparse


def parser(doc: str | None) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)


def explain(doc: str | None) -> None:
    """Of a tool without arguments."""
    parser(doc).parse_args()
