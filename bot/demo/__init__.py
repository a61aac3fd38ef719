"""The story, played over the sandbox."""
