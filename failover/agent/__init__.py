"""The agent: one process per candidate, which starts, feeds and ends the signer."""
