"""The protocol, checked as a model."""
