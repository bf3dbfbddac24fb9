"""Programs that are not ours, played as badly as they behave: tests/recorded.py says where what they said lies."""
