"""A pair takes a slot: holds, moves, cancellations, rescue, waitlist, reminders."""
