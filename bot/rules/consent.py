"""Which consent text is current. A new text gets a new version and is asked again of everybody."""

CONSENT_VERSION = 1
