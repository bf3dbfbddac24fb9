"""A stand-in for the official Kubernetes plugin: server-side apply, previews by dry run, waits for what is made."""
