"""What coordinators write to many, invite to, and look at."""
