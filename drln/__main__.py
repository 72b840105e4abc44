"""The command line: `python -m drln upscale photo.jpg`, `python -m drln evaluate`, `python -m drln train`.

The exit code is decided here alone. Each command has a file of its own in `drln/cli`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from drln.cli.evaluate import add_evaluate, evaluate
from drln.cli.standard_outputs import lost_output, make_outputs_forgiving
from drln.cli.train import add_train
from drln.cli.upscale import add_upscale
from drln.system_errors import sentence
from drln.upscaling.device import is_out_of_memory, keep_freed_memory
from drln.upscaling.engine import UpscaleError
from drln.weights.download import HubError

FAILED, CANCELLED = 1, 130    # exit codes; argparse has 2 for a wrong command line


class OneLineParser(argparse.ArgumentParser):
    """Reports a wrong command in one line, without the whole usage."""

    def error(self, message: str) -> NoReturn:
        """End the program with the message.

        Raises:
            SystemExit: always, with code 2.
        """
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, 1 if it failed, 130 if Ctrl-C stopped it.

    Args:
        argv: the words of the command line; None for those of this process.

    Raises:
        SystemExit: with code 2, if the command line is wrong; with 0 after `--help`.
    """
    args = build_parser().parse_args(argv)
    try:
        args.run(args)
    except (ValueError, HubError, UpscaleError) as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(sentence(error))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return _failed("memory ran out; close other programs, or give smaller images")
    except KeyboardInterrupt as stop:
        print(f"drln: stopped; {str(stop) or 'nothing was saved'}", file=sys.stderr)
        return CANCELLED
    if why := lost_output():
        code = _failed(f"not all could be printed: {why}; the files are written")
        return code if args.run is evaluate and args.output is None else 0    # no file has these tables
    return 0


def _failed(why: str) -> int:
    print(f"drln: {' '.join(why.split())}", file=sys.stderr)
    return FAILED


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands and their options."""
    what = "Upscale photos with DRLN-BAM, measure models and train them."
    parser = OneLineParser(prog="python -m drln", description=what)
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")

    add_upscale(commands)
    add_evaluate(commands)
    add_train(commands)
    return parser


if __name__ == "__main__":
    make_outputs_forgiving()
    keep_freed_memory()
    sys.exit(main())
