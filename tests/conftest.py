"""Hypothesis without limits of time, as a machine may be busy; what takes long goes first."""

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "engine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("engine")

#: Files that take half a minute and more, the longest first: begun last, one of them would be all
#: that is left to do. `pytest --durations=0` tells what they take now.
LONG = (
    "hostile",
    "user_pages",
    "gateways",
    "shards",
    "journal",
    "secrets",
    "plugin",
    "web_sdk",
    "rates",
    "proving",
    "replay",
    "harness_target",
    "reach",
    "deviations",
    "harness_twists",
    "faults_volcengine",
    "html",
)
_PLACES = {f"test_{name}.py": place for place, name in enumerate(LONG)}


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config.option, "loadscopereorder"):  # else files with many tests go first
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _PLACES.get(item.path.name, len(LONG)))
