"""People become known, answer the first questions, and come by links."""
