"""A voice sample: its arrival, its checks, and how many one may send."""
