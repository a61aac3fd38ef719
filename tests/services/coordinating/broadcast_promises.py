"""What holds of broadcasts and their recipients after every step, whatever the network did."""

from collections import Counter
from typing import Any

from hypothesis.stateful import invariant

from bot.services.messages.broadcasts import BroadcastWords
from storage.tables import Broadcast, Consent, OutboxRow, PairMember, Person, RoleGrant, Seeker
from tests.services.coordinating.broadcast_mouth import DOUBTS, KEPT, Delivery, Watched
from tests.services.machines import Machine

MOVING = ("queued", "sending", "held")
ENDS = ("sent", "blocked", "failed", "uncertain", "cancelled")


class BroadcastPromises(Machine):
    """A machine's eyes on broadcasts; `deliveries` is what the network saw."""

    kind_of_units = Watched

    def __init__(self) -> None:
        super().__init__()
        self.deliveries: list[Delivery] = []

    # --- looks

    def recipients(self, broadcast: Broadcast) -> list[OutboxRow]:
        """The rows of those whom a broadcast goes to."""
        return [row for row in self.every(OutboxRow) if row.topic == f"broadcast:{broadcast.id}"]

    def broadcast_of(self, row: OutboxRow) -> Broadcast | None:
        """The broadcast that a row is of, if it is one's."""
        kind, _, number = row.topic.partition(":")
        found = [one for one in self.every(Broadcast) if kind == "broadcast" and number == str(one.id)]
        return found[0] if found else None

    def circle(self, audience: str, city: str, language: str) -> list[int]:
        """The accounts of those who belong to an audience, as the house rules have it."""
        roles = {
            row.person_id: {r.role for r in self.every(RoleGrant) if r.person_id == row.person_id}
            for row in self.every(RoleGrant)
        }
        newest = {(row.person_id, row.purpose): row.agreed for row in self.every(Consent)}
        refused = {person_id for (person_id, _), agreed in newest.items() if not agreed}
        waiting = {row.person_id for row in self.every(Seeker)}
        paired = {row.person_id for row in self.every(PairMember) if row.active}
        staff = {
            row.person_id for row in self.every(RoleGrant) if row.role == "staff" and city in ("", row.city)
        }

        def belongs(one: Person) -> bool:
            mine = roles.get(one.id, set())
            kinds = {
                "all": one.language is not None or bool(mine),
                "applicants": one.applying,
                "approved": one.approved_at is not None,
                "waiting": one.id in waiting,
                "paired": one.id in paired,
                "reviewers": "reviewer" in mine,
                "staff": one.id in staff,
            }
            return (
                kinds[audience]
                and one.reachable
                and (bool(mine) or one.id not in refused)
                and language in ("", one.language or one.language_hint)
                and (city in ("", one.city) or audience == "staff")
            )

        return sorted(one.telegram_id for one in self.every(Person) if belongs(one))

    def counts(self, broadcast: Broadcast) -> dict[str, int]:
        """The tally that a card should show now."""
        states = Counter(row.state for row in self.recipients(broadcast))
        return {
            "sent": states["sent"],
            "blocked": states["blocked"],
            "failed": states["failed"],
            "uncertain": states["uncertain"],
            "taken_back": states["cancelled"],
            "left": sum(states[state] for state in MOVING),
        }

    def shown_card(self, broadcast: Broadcast) -> dict[str, Any] | None:
        """What its coordinator sees of a broadcast, or will as soon as they can be reached."""
        rows = self.every(OutboxRow)
        (card,) = [row for row in rows if row.about == f"cast:{broadcast.id}"]
        if card.state in ("blocked", "failed"):
            return None
        edits = [row for row in rows if row.edits == card.id]
        return (edits[-1] if edits else card).data

    # --- what always holds

    @invariant()
    def each_recipient_is_one_row(self) -> None:
        """A draft goes to nobody, and a broadcast to each of its people once: as many as it says."""
        for broadcast in self.every(Broadcast):
            rows = self.recipients(broadcast)
            chats = Counter(row.chat_id for row in rows)
            assert not chats or max(chats.values()) == 1, chats
            assert bool(rows) == (broadcast.started_at is not None), broadcast
            assert not rows or broadcast.head_count == len(rows), broadcast
            assert all(
                row.kind == BroadcastWords.kind and row.data == {"words": broadcast.words} for row in rows
            )
            assert (broadcast.finished_at is not None) == (broadcast.state in ("sent", "stopped")), broadcast

    @invariant()
    def every_end_is_true(self) -> None:
        """A row's state is what the network did to it, and nobody has the words twice."""
        sendings: dict[int, list[Delivery]] = {}
        for delivery in self.deliveries:
            sendings.setdefault(delivery.row_id, []).append(delivery)
        for broadcast in self.every(Broadcast):
            for row in self.recipients(broadcast):
                self._true(row, sendings.get(row.id, []))

    def _true(self, row: OutboxRow, sendings: list[Delivery]) -> None:
        fates = [one.fate for one in sendings]
        assert all(one.fate in KEPT and one.written for one in sendings[:-1]), (row, sendings)
        last = sendings[-1] if sendings else None
        known = last.fate if last is not None and last.written else "unknown" if last is not None else "never"
        if row.state == "sent":
            assert known == "sent", (row, sendings)
        elif row.state == "uncertain":
            assert known in ("unknown", "came, we do not know", "lost, we do not know"), (row, sendings)
        elif row.state == "failed":
            assert known == "refused", (row, sendings)
        elif row.state == "sending":
            assert known == "unknown", (row, sendings)
        elif row.state == "blocked":
            assert known in ("blocked", "never", *KEPT), (row, sendings)
        else:
            assert known in ("never", *KEPT), (row, fates)

    @invariant()
    def a_pause_holds_and_a_stop_ends(self) -> None:
        """Paused, nothing waits to go but what came back from the air; stopped, nothing at all will."""
        for broadcast in self.every(Broadcast):
            for row in self.recipients(broadcast):
                if broadcast.state == "sending":
                    assert row.state != "held", row
                elif broadcast.state == "stopped":
                    gone = row.expires_at is not None and row.expires_at <= self.clock.now
                    assert row.state in ENDS or (row.state in ("sending", "queued") and gone), row
                elif broadcast.state == "sent":
                    assert row.state in ENDS[:-1], row
                if row.state == "held":
                    assert broadcast.state == "paused", (row, broadcast)

    @invariant()
    def whatever_moves_is_watched(self) -> None:
        """A card is brought up to date while anything can change, and at rest it shows how things stand."""
        for broadcast in self.every(Broadcast):
            timers = self.pending(f"broadcast:{broadcast.id}")
            timers = [timer for timer in timers if timer.subject == f"broadcast:{broadcast.id}"]
            assert len(timers) <= 1, timers
            assert timers or broadcast.state != "sending", broadcast
            shown = self.shown_card(broadcast)
            if shown is not None:
                assert shown["state"] == broadcast.state, (shown, broadcast)
                assert sum(shown["tally"].values()) == len(self.recipients(broadcast)), shown
                assert timers or shown["tally"] == self.counts(broadcast), (shown, self.counts(broadcast))
                assert broadcast.started_at is None or shown["head_count"] == broadcast.head_count, shown

    def may_go(self, row: OutboxRow) -> None:
        """To be asked when a sending begins: what is paused or stopped does not go, and nothing whose end is known."""
        broadcast = self.broadcast_of(row)
        assert broadcast is None or broadcast.state == "sending", (broadcast, row)
        known = [
            one for one in self.deliveries if one.row_id == row.id and one.written and one.fate not in DOUBTS
        ]
        assert all(one.fate in KEPT for one in known), (row, known)
