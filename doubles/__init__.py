"""Programs that are not ours, played as badly as they behave: what they said is in tests/recordings."""
