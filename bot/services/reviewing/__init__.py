"""Reviewers hear samples: seats, votes, verdicts, appeals, the group."""
