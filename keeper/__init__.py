"""The ensemble's keeper: it brings the membership to what the stack says, without a stop."""
