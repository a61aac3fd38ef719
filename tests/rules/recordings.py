"""Facts to judge: of a good recording, and of any."""

from datetime import timedelta

from hypothesis import strategies as st

from bot.rules.audio import AudioFacts, Finding, Quality, SampleChecks, Severity, Turn, judge

TWO, THREE = timedelta(minutes=2), timedelta(minutes=3)
REFUSE, WARN, NOTE = Severity.refuse, Severity.warn, Severity.note
GOOD = AudioFacts(
    duration=150.0,
    container="ogg",
    codec="opus",
    sample_rate=48000,
    channels=1,
    loudness=-23.0,
    peak=-3.0,
    clipping=2.0,
    speech_ratio=0.85,
    longest_silence=1.2,
    content_hash="ab" * 32,
    declared=150.0,
    ended=True,
    noise=-63.0,
    snr=40.0,
    bandwidth=8000.0,
    voices=2,
    likeness=0.5,
    third_voice=0.0,
    turns=(Turn(0, 0.0, 12.0), Turn(1, 12.5, 24.0)),
    shares=(0.55, 0.45),
    longest_turn=12.0,
    turns_per_minute=7.5,
    overlap=0.05,
    synthetic=0.1,
    quality=Quality(3.5, 3.8, 3.1),
)
finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
share = st.floats(0, 1)
rating = st.floats(1, 5)
facts_strategy = st.builds(
    AudioFacts,
    duration=st.floats(0, 1000),
    container=st.text(max_size=9),
    codec=st.text(max_size=9),
    sample_rate=st.integers(1, 192000),
    channels=st.integers(1, 8),
    loudness=st.floats(-70, 0),
    peak=st.floats(-96, 0),
    clipping=st.floats(1, 10),
    speech_ratio=st.floats(0, 1),
    longest_silence=st.floats(0, 1000),
    content_hash=st.text("0123456789abcdef", min_size=64, max_size=64),
    declared=st.none() | finite,
    complete=st.booleans(),
    capped=st.booleans(),
    damage=share,
    ended=st.none() | st.booleans(),
    noise=st.none() | st.floats(-96, 0),
    snr=st.none() | st.floats(-20, 80),
    bandwidth=st.none() | st.floats(0, 24000),
    voices=st.none() | st.integers(0, 2),
    likeness=st.none() | st.floats(-1, 1),
    third_voice=st.none() | share,
    turns=st.lists(st.builds(Turn, st.integers(0, 1), finite, finite), max_size=3).map(tuple),
    shares=st.just(()) | st.just((1.0,)) | share.map(lambda one: (one, 1 - one)),
    longest_turn=st.none() | st.floats(0, 1000),
    turns_per_minute=st.none() | st.floats(0, 100),
    overlap=st.none() | share,
    loop=st.none() | st.floats(1, 100),
    synthetic=st.none() | share,
    quality=st.none() | st.builds(Quality, rating, rating, rating),
)


def judged(facts: AudioFacts, checks: SampleChecks | None = None) -> tuple[Finding, ...]:
    """The findings under the default policy."""
    return judge(facts, checks or SampleChecks(), shortest=TWO, longest=THREE)
