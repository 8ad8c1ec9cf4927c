"""Checks: pure functions from what was exchanged to findings. They send nothing, raise nothing."""
