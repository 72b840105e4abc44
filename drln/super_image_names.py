"""Accept the argument names of the super-image library, or say what to write instead.

Knows names alone. Their meaning is stated beside the functions that take them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)


def super_image_names(
    renamed: Mapping[str, str] | None = None, instead: Mapping[str, tuple[object, str]] | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take other names for its arguments, and explain those that it does not take.

    Args:
        renamed: our name for each of theirs.
        instead: for a name without a meaning here, the value that is ignored, and what to write instead of any other.

    Raises:
        TypeError: by the function, for any other name, or too many arguments without names.
    """
    renamed, instead = renamed or {}, instead or {}

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        name = function.__qualname__.removesuffix(".__init__")
        parameters = inspect.signature(function).parameters
        known = [key for key in parameters if key not in ("self", "cls")]
        unnamed = [key for key, parameter in parameters.items() if parameter.kind is not parameter.KEYWORD_ONLY]

        @functools.wraps(function)
        def call(*args: P.args, **options: P.kwargs) -> R:
            if len(args) > len(unnamed):
                without = ", ".join(key for key in unnamed if key in known)
                raise TypeError(f"{name} takes {without} without their names; write the names of the others")
            given: dict[str, Any] = {}
            for key, value in options.items():
                ours = renamed.get(key, key)
                if ours in given:
                    raise TypeError(f"{name} takes no {key} beside {ours}, as both say the same; leave one out")
                if ours in known:
                    given[ours] = value
                    continue
                neutral, remedy = instead.get(key, (inspect.Parameter.empty, f"it takes {', '.join(known)}"))
                if value != neutral:
                    raise TypeError(f"{name} takes no {key}; {remedy}")
            return function(*args, **given)

        return call

    return wrap


def init_with_super_image_names(
    renamed: Mapping[str, str] | None = None, instead: Mapping[str, tuple[object, str]] | None = None
) -> Callable[[C], C]:
    """Do the same as `super_image_names` for the arguments of a dataclass."""

    def wrap(made: C) -> C:
        made.__init__ = super_image_names(renamed, instead)(made.__init__)    # type: ignore[misc]
        return made

    return wrap
