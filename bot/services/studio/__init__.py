"""Studios, the slots in them, and the staff who run those."""
