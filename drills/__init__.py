"""Drills: real servers are broken while clients write, and what was acknowledged must still be there."""
