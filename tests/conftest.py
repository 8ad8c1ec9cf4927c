"""Hypothesis without limits of time: a busy machine is no failure."""

import hypothesis

hypothesis.settings.register_profile(
    "engine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("engine")
