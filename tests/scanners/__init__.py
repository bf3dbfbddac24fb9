"""What others' scanners find in everything that is rendered: `make scan`."""
