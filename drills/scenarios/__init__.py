"""What is done to the ensemble, by kind."""
