"""Failover beside others' on the same ensemble: how long nobody signs, and what the gate costs."""
