"""Untrusted bytes → facts, in a bounded child process; and the store that keeps the bytes.

    client.py    `AudioWorker`: what the bot uses; asks, bounds and replaces the children
    child.py     one child's process and pipes
    worker.py    the child itself: `python -m bot.audio.worker`
    bounds.py    the limits, and how the child binds itself to them
    wire.py      the frames between the two
    sniff.py     which container, by the first bytes
    decode.py    bytes → 16 kHz mono PCM (PyAV)
    levels.py    loudness, peak, clipping, silence (numpy, pydub)
    speech.py    where somebody speaks (silero)
    measure.py   all of it → `AudioFacts`, with what finds and draws it again
    envelope.py  the outline of a recording
    sketch.py    what a picture of it shows, as plain data
    draw.py      sketch → PNG, in the colours of palette.py and the letters of lettering.py
    fonts/       a font with Chinese letters, and where it comes from
    store.py     content-addressed files

Nothing is imported here: the bot's own process must never load av, numpy or pydub, only the child does.
"""
