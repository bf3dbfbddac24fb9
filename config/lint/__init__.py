"""Mistakes that are no errors of form: each rule is a pure function of values already read, and yields findings."""
