"""What every attack in this folder asks for.

Each test plants one person, recovers what is secret about them from outputs without a rule, and fails to with it.
"""

from __future__ import annotations

import pytest

from doors import NHS, ONS, Attacker, Door
from pipeline.engine.settings import DisclosureProfile


@pytest.fixture(scope="session")
def attacker() -> type[Attacker]:
    return Attacker


@pytest.fixture(scope="session")
def door() -> Door:
    return Door()


@pytest.fixture(scope="session")
def ons() -> DisclosureProfile:
    return ONS


@pytest.fixture(scope="session")
def nhs() -> DisclosureProfile:
    return NHS
