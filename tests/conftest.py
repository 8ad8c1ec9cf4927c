"""Hypothesis without deadlines: a busy machine is no failure."""

import hypothesis

hypothesis.settings.register_profile("engine", deadline=None)
hypothesis.settings.load_profile("engine")
