"""What it takes to import super-image, the library of the published models, beside ours."""

import importlib.util
import sys
import types


def stand_in_for_torchvision() -> None:
    """An empty one, where there is none: super-image imports it for a crop, and not every place has a CPU build."""
    if importlib.util.find_spec("torchvision") is None:
        for name in ("torchvision", "torchvision.transforms", "torchvision.transforms.transforms"):
            sys.modules[name] = types.ModuleType(name)
        sys.modules["torchvision.transforms"].transforms = sys.modules["torchvision.transforms.transforms"]
