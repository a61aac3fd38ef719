"""What is right: pure decisions from plain data, standard library only."""
