"""What an update means to an operator: daemons, signers, quorum, data and cost, from what runs and what is planned."""
