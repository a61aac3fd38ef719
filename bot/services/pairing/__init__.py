"""Two people find each other: the pool, proposals, links, pairs, partings."""
