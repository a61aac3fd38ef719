"""What is said: the catalogues, and `Speech`, which speaks one of their languages.

English is the language of the source; every other language has a gettext catalogue
`<language>/LC_MESSAGES/duologue.po`, read as it is (there is no compile step to forget).
"""

from bot.texts.speech import LANGUAGES, Html, Speech, mark, speech, verbatim

__all__ = ["LANGUAGES", "Html", "Speech", "mark", "speech", "verbatim"]
