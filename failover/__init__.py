"""What runs beside a signer and a daemon: agent, gate, watchdog. It knows nothing of the engine."""
