"""Names the plugin, nothing else."""

pytest_plugins = ["receiptspec.plugin"]
