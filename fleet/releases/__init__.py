"""Releases: what one changes, whether it may be selected, and what shows that it was tested."""
