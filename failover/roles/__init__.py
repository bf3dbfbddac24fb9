"""What signs: Iguana in dPoW rounds, or a chain's daemon as its checkpoint master."""
