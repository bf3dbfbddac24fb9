"""Images built from their Dockerfiles, and started: `make images`."""
