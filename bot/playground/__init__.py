"""The playground: every role of Duologue in a browser, on the sandbox.

A development tool, never a way to serve people.
"""
