"""A stand-in for the AWS plugin: it records what the program declares, and keeps unknown what AWS alone could tell."""
