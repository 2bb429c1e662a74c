"""Tests of the tools. Run them with: python3 -m unittest discover -s tools/tests -t tools -p '*_test.py'"""

import importlib.machinery
import importlib.util
import subprocess
import sys
from types import ModuleType

from lib import repo

sys.dont_write_bytecode = True


def load(tool: str) -> ModuleType:
    """A script of tools/ as a module: scripts carry no .py, so import alone does not find them."""
    loader = importlib.machinery.SourceFileLoader(tool, str(repo.ROOT / "tools" / tool))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(tool, loader))
    sys.modules[tool] = module  # dataclasses look their module up
    loader.exec_module(module)
    return module


def call(*command: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """Runs a command from the root of the checkout and captures what it prints."""
    return subprocess.run(
        command, cwd=settings.pop("cwd", repo.ROOT), text=True, capture_output=True, check=False, **settings
    )
