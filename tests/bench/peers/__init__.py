"""What one would write instead: small stock bots that `make bench` runs beside Duologue."""
