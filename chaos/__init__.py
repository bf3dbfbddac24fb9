"""Agents, gates and watchdogs under every fault that we can make; and whether two ever signed at once."""
