"""Scenes: short runs of neutral actions, played once for a target and judged by many checks."""
