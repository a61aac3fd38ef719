"""Chromium, if this machine has one; the playground's pages are tried in it."""

import shutil

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MISSING = "the playground's pages were tried in no browser: install Chromium (Debian: apt install chromium)"
