"""What is done: one async function per intent, given the unit of work."""
