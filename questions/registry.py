"""Extension by the presence of a file: every module of a package is found and must be whole."""

import importlib
import pkgutil
from collections.abc import Sequence
from types import ModuleType


class HalfWritten(Exception):
    """An extension file lacks something that every extension of its package must have."""


def discover(package: ModuleType, required: Sequence[str]) -> dict[str, ModuleType]:
    """Import every module of `package` and give them by their NAME, in the order of their file names.

    Raises HalfWritten, naming the file and what it lacks, so that the program stops at its start and not in
    the middle of somebody's forecast.
    """
    found: dict[str, ModuleType] = {}
    for entry in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{entry.name}")
        missing = [name for name in ("NAME", *required) if not hasattr(module, name)]
        if missing:
            raise HalfWritten(f"{module.__name__.replace('.', '/')}.py lacks {', '.join(missing)}.")
        if module.NAME in found:
            raise HalfWritten(f"{module.__name__.replace('.', '/')}.py is named “{module.NAME}”, as another file is.")
        found[module.NAME] = module
    return found
