"""Measure whether what was learnt from releases makes samplers better: `--part` says of which trainer.

Each part is a module `benchmarks/loop_PART.py` with `add_arguments(parser)` and `measure(options)`.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

PARTS = sorted(path.stem.removeprefix("loop_") for path in Path(__file__).parent.glob("loop_*.py"))


def main() -> None:
    chooser = argparse.ArgumentParser(description=__doc__, add_help=False)
    chooser.add_argument("--part", choices=PARTS)
    chosen, _ = chooser.parse_known_args()
    if chosen.part is None:
        chooser.error(f"--part is missing; expected one of {', '.join(PARTS)}")
    part = import_module(f"benchmarks.loop_{chosen.part}")
    parser = argparse.ArgumentParser(prog=f"{sys.argv[0]} --part {chosen.part}", description=part.__doc__)
    parser.add_argument("--part", choices=PARTS, required=True)
    part.add_arguments(parser)
    part.measure(parser.parse_args())


if __name__ == "__main__":
    main()
