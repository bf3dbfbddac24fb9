"""What the program needs of a cluster that an operator brings, and what the cluster has."""
