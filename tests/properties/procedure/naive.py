"""The offer procedure the long way: what should be true, worked out anew from lists at every step.

It shares nothing with what it judges but the words: no table of statuses, no heap, no schedule, no events.  It knows one
agreement only, with its numbers written here, and one need at a time.  Quantities tell the status, not the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass, field

DAY = 86_400
LOT, LOOK_BACK, WINDOW, AGAIN, MARKET, CURE = 1000, 30 * DAY, 30 * DAY, 10 * DAY, 90 * DAY, 30 * DAY
ENDS, ANSWERS, LAPSES, REST = 0, 1, 2, 4


@dataclass
class Need:
    name: str
    quantity: int
    minimum: int
    purpose: str
    earliest: int
    latest: int
    length: int
    at: int
    held: bool = False
    granted: int = 0
    offered: int = 0
    market: int = 0
    market_until: int = 0
    ceiling: tuple[int, int, int] | None = None
    """(price in cents, start, length) that was refused."""
    cover: int = 0
    cover_until: int = 0
    gone: int = 0
    again: bool = False
    ended: str = ""

    @property
    def wanted(self):
        return self.quantity - self.granted - self.gone

    @property
    def loose(self):
        return self.wanted - self.offered - self.market - self.cover

    @property
    def status(self):
        if self.ended == "cancelled":
            return "cancelled"
        if self.granted == self.quantity:
            return "granted"
        if self.granted:
            return "partially_granted"
        if self.ended:
            return self.ended
        if self.offered or self.market or self.cover:
            return "offering"
        return "held" if self.held else "submitted"


@dataclass
class Offer:
    name: str
    need: Need
    quantity: int
    price: int
    starts: int
    until: int
    least: int
    status: str = "open"


@dataclass
class Grant:
    name: str
    need: Need
    host: str
    quantity: int
    starts: int
    ends: int
    late_after: int
    by_right: bool
    delivered: int = 0
    booked: int = 0
    late: bool = False
    over: bool = False
    defaulted: bool = False

    @property
    def waiting(self):
        return not self.over and not self.defaulted and self.delivered < self.quantity


@dataclass
class Naive:
    room: dict[str, int]
    now: int = 0
    needs: dict[str, Need] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    bookings: list[tuple[str, int, int, int]] = field(default_factory=list)
    watched: dict[str, int] = field(default_factory=dict)
    owing: int = 0

    # --- time

    def coming(self):
        """Everything that will happen by itself: (instant, rank, what, whose)."""
        out = [(offer.until, LAPSES, "lapse", offer) for offer in self.offers.values() if offer.status == "open"]
        for need in self.needs.values():
            if need.market:
                out.append((need.market_until, LAPSES, "market", need))
            if need.cover:
                out.append((need.cover_until, LAPSES, "cover", need))
            if need.wanted - need.cover:
                out.append((need.latest + 1, LAPSES, "expiry", need))
        for grant in self.grants.values():
            if not grant.over:
                out.append((grant.ends, ENDS, "end", grant))
            if grant.waiting and not grant.late:
                out.append((grant.late_after + 1, LAPSES, "late", grant))
            if grant.waiting and grant.by_right:
                out.append((grant.late_after + CURE, LAPSES, "default", grant))
        return out

    def due(self):
        return min((row[0] for row in self.coming()), default=None)

    def pass_to(self, instant, rank):
        while True:
            first = min(self.coming(), key=lambda row: row[:2], default=None)
            if first is None or first[:2] >= (instant, rank):
                break
            self.now = max(self.now, first[0])
            getattr(self, first[2])(first[3])
        self.now = max(self.now, instant)

    def lapse(self, offer):
        offer.status = "lapsed"
        offer.need.offered = 0
        self.free(offer.need, (offer.price, offer.starts, offer.need.length))

    def market(self, need):
        need.market = 0

    def cover(self, need):
        need.gone += need.cover
        self.owing -= need.cover
        need.cover = 0
        self.perhaps_unfilled(need)

    def expiry(self, need):
        for offer in self.offers.values():
            if offer.need is need and offer.status == "open":
                offer.status = "void"
        if not need.granted and not need.cover:
            need.ended = "expired"
        need.offered = need.market = 0
        need.gone += need.loose
        self.perhaps_unfilled(need)

    def perhaps_unfilled(self, need):
        if not need.wanted and not need.granted and not need.ended:
            need.ended = "unfilled"

    def late(self, grant):
        grant.late = True

    def end(self, grant):
        if grant.by_right and grant.waiting and (grant.late or grant.delivered):
            self.fail(grant, covered=False)
        grant.over = True

    def default(self, grant):
        self.fail(grant, covered=grant.need.ended != "cancelled")
        if not grant.delivered:
            grant.over = True
            self.unbook(grant)

    def fail(self, grant, *, covered):
        missing = grant.quantity - grant.delivered
        grant.defaulted = True
        grant.quantity = grant.delivered or grant.quantity
        grant.need.granted -= missing
        if covered:
            grant.need.cover += missing
            grant.need.cover_until = max(grant.need.cover_until, grant.ends)
            self.owing += missing
            if grant.need.ended == "unfilled":
                grant.need.ended = ""
        else:
            grant.need.gone += missing
            self.perhaps_unfilled(grant.need)

    # --- room

    def has_room(self, host, starts, ends, quantity):
        rows = [row for row in self.bookings if row[0] == host]
        instants = [starts, *(row[1] for row in rows if starts <= row[1] < ends)]
        return all(self.room[host] - sum(q for _, s, e, q in rows if s <= at < e) >= quantity for at in instants)

    def book(self, grant):
        self.grants[grant.name] = grant
        self.bookings.append((grant.host, grant.starts, grant.ends, grant.quantity))

    def unbook(self, grant):
        """Give back what is still reserved, from now on."""
        rest = max(self.now, grant.starts)
        if rest < grant.ends:
            self.bookings.append((grant.host, rest, grant.ends, -grant.quantity))

    # --- whose right it is

    def covered(self, need):
        if self.watched.get(need.purpose, 0) > self.now:
            return True
        others = [
            n
            for n in self.needs.values()
            if n.purpose == need.purpose
            and n is not need
            and n.ended != "cancelled"
            and need.at - LOOK_BACK < n.at <= need.at
            and self.before(n, need)
        ]
        return need.quantity + sum(n.quantity for n in others) >= LOT

    def before(self, one, other):
        order = [*self.needs]
        return order.index(one.name) < order.index(other.name)

    def free(self, need, ceiling):
        """What the holder did not take: useless, or on the market."""
        if need.loose and need.loose < need.minimum:
            need.gone += need.loose
            self.perhaps_unfilled(need)
        elif need.loose:
            need.market, need.market_until, need.ceiling = need.loose, self.now + MARKET, ceiling

    def running(self, need):
        return next((o for o in self.offers.values() if o.need is need and o.status == "open"), None)

    # --- commands: each returns whether it is accepted

    def submit(self, need):
        if need.latest < max(need.earliest, self.now):
            return False
        need.at = self.now
        self.needs[need.name] = need
        need.held = self.covered(need)
        if need.held:
            for other in self.needs.values():
                young = self.now - LOOK_BACK < other.at
                if other.purpose == need.purpose and young and not other.held and other.loose and not other.ended:
                    other.held = True
        return True

    def serve(self, name, need, price):
        if not need.wanted or not need.held or need.offered or need.market:
            return False
        if not need.loose or not need.earliest <= need.earliest <= need.latest:
            return False
        least = min(need.loose, max(1, -(-need.loose // 10), need.minimum))
        self.offers[name] = Offer(name, need, need.loose, price, need.earliest, self.now + (AGAIN if need.again else WINDOW), least)
        need.offered, need.again = need.loose, False
        return True

    def respond(self, offer, quantity):
        if offer.status != "open" or self.now >= offer.until:
            return False
        need = offer.need
        if quantity == 0:
            offer.status, need.offered = "declined", 0
            self.free(need, (offer.price, offer.starts, need.length))
            return True
        starts = max(offer.starts, self.now)
        ends = offer.starts + need.length
        if (
            self.owing
            or not offer.least <= quantity <= offer.quantity
            or starts >= ends
            or not self.has_room("borealis-east", starts, ends, quantity)
        ):
            return False
        offer.status = "exercised" if quantity == offer.quantity else "partially_exercised"
        need.offered = 0
        need.granted += quantity
        self.book(Grant(f"{offer.name}@borealis-east", need, "borealis-east", quantity, starts, ends, starts, by_right=True))
        self.free(need, (offer.price, offer.starts, need.length))
        return True

    def propose(self, name, need, host, quantity, *, price, starts):
        latest = max(need.latest, need.cover_until) if need.cover else need.latest
        if not need.wanted or not max(need.earliest, self.now) <= starts <= latest:
            return False
        at_home = host == "borealis-east"
        from_loose, from_cover, from_market = need.loose, need.cover, need.market
        if not at_home and not need.held:
            if self.covered(need):
                need.held = True
                return False
            from_market = 0
        elif not at_home and quantity <= need.cover:
            from_loose = from_market = 0
        elif not at_home:
            if not need.market or quantity > need.market:
                return False
            if need.ceiling is not None and any(mine > most for mine, most in zip((price, starts, need.length), need.ceiling, strict=True)):
                need.market, need.again = 0, True
                return False
            from_loose = from_cover = 0
        at_hand = from_loose + from_cover + from_market
        if quantity > at_hand or quantity < min(need.minimum, at_hand) or not self.has_room(host, starts, starts + need.length, quantity):
            return False
        left = quantity - min(quantity, from_loose)
        covers = min(left, from_cover)
        need.granted += quantity
        need.cover -= covers
        self.owing -= covers
        need.market -= left - covers
        self.book(Grant(name, need, host, quantity, starts, starts + need.length, starts, by_right=False))
        rest = need.loose + need.market
        if rest and not need.offered and rest < need.minimum:
            need.gone += rest
            need.market = 0
            self.perhaps_unfilled(need)
        return True

    def withdraw(self, offer):
        if offer.status != "open":
            return False
        offer.status, offer.need.offered = "withdrawn", 0
        self.watched[offer.need.purpose] = max(self.watched.get(offer.need.purpose, 0), self.now + LOOK_BACK)
        return True

    def change(self, offer):
        if offer.status != "open":
            return False
        offer.status, offer.need.offered, offer.need.again = "void", 0, True
        return True

    def cancel(self, need):
        if not need.wanted:
            return False
        offer = self.running(need)
        if offer:
            self.withdraw(offer)
        self.owing -= need.cover
        need.offered = need.market = need.cover = 0
        need.gone, need.ended = need.gone + need.loose, "cancelled"
        return True

    def waive(self, need):
        if not need.held or not need.wanted or not need.loose + need.offered:
            return False
        offer = self.running(need)
        need.ceiling = None
        if offer:
            offer.status, need.offered = "waived", 0
            need.ceiling = (offer.price, offer.starts, need.length)
        need.market, need.market_until = need.loose, self.now + MARKET
        return True

    def deliver(self, grant, quantity):
        if not grant.waiting or not max(1, grant.delivered + 1) <= quantity <= grant.quantity:
            return False
        grant.delivered = quantity
        return True

    def give_back(self, grant):
        if grant.over:
            return False
        grant.over = True
        self.unbook(grant)
        return True
