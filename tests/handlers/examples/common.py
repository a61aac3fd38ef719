"""What the examples share: a moment, names that try to be markup, a slot."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.services.messages.partners import Contact, Other
from bot.services.messages.slots import SlotView

NOW = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
"""Tuesday, 1 December 2026, 09:00 in Shanghai."""

LATER = NOW + timedelta(days=1, hours=5)
ZONE = "Asia/Shanghai"

NAME = "Zoë <b>&"
"""A first name that tries to be markup."""
GROUP = "Ears <i>&"
ADDRESS = "12 <u>& Lane"
WORDS = "Bring water <b>&"
MAP_URL = "https://maps.example/?q=1&z=<2>"
LINK = "https://t.me/duologue_bot?start=AbCdEfGhIjKlMnOpQrStUv"
BOT = "duologue_bot"
STUDIO = {"en": "Dazhongsi <b>&", "zh": "大钟寺 <b>&"}
CITY = {"en": "Beijing <b>&", "zh": "北京 <b>&"}

DATA = (
    *(NAME, GROUP, ADDRESS, WORDS, MAP_URL, LINK, f"@{BOT}", BOT, ZONE, "@zoe_writes", "beijing", "sydney"),
    *STUDIO.values(),
    *CITY.values(),
)

SLOT = SlotView(
    slot_id=10**9,
    starts_at=NOW,
    ends_at=NOW + timedelta(hours=3),
    zone=ZONE,
    studio=STUDIO,
    city="beijing",
    address=ADDRESS,
    map_url=MAP_URL,
    room=2,
    room_count=2,
    city_names=CITY,
)
NEXT = replace(SLOT, slot_id=8, starts_at=LATER, ends_at=LATER + timedelta(hours=3), room_count=1)
TAKEN = replace(NEXT, slot_id=9, state="taken")
ELSEWHERE = replace(SLOT, slot_id=11, zone="Australia/Sydney", city="sydney", studio={"en": NAME})

OTHER = Other(NAME, ("zh", "en"), "sichuan")
CONTACT = Contact(700_002, "zoe_writes")
