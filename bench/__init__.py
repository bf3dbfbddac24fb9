"""What the fleet's tools cost beside others on the same work: always as ratios of interleaved runs."""
