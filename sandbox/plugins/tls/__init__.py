"""A stand-in for the official tls plugin: real keys, requests and certificates, kept in the engine's state alone."""
