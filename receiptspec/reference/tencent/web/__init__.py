"""The WebSocket face that the vendor's web SDK speaks, on the state of the REST face."""
