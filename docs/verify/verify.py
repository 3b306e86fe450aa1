"""Check a proof of dibs with nothing but Python: python3 verify.py proof.json 'name+id+base64key'.  README.md says what is checked."""

# fmt: off
# ruff: noqa: ANN001, ANN002, ANN201, D103, E401, I001, ICN001, PTH123, UP017, UP031
import base64, datetime, hashlib, json, sys

def need(holds, otherwise):
    if not holds:
        raise ValueError(otherwise)

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def unhex(text):
    need(bytes.fromhex(text).hex() == text, "a digest or a salt is not written as one")
    return bytes.fromhex(text)

def unbase64(text):
    need(base64.b64encode(base64.b64decode(text)).decode() == text, "a root, a key or a signature is not written as one")
    return base64.b64decode(text)

def included(leaf, index, size, path, root):  # RFC 9162, 2.1.3.2
    node, last = sha(b"\0", leaf), size - 1
    for sibling in map(unhex, path):
        need(last > 0, "a path is too long")
        right = index & 1 or index == last
        node = sha(b"\1", sibling, node) if right else sha(b"\1", node, sibling)
        while right and not index & 1 and index:
            index, last = index >> 1, last >> 1
        index, last = index >> 1, last >> 1
    return last == 0 and node == root

def signed_text(note, key):  # c2sp.org/signed-note
    name, key_id, public = key.split("+", 2)
    public = unbase64(public)
    need(sha(name.encode(), b"\n", public)[:4].hex() == key_id and public[:1] == b"\1" and len(public) == 33, "the key is none")
    text, _, lines = note.rpartition("\n\n")
    signatures = [unbase64(line.split(" ")[2]) for line in lines.splitlines() if line.startswith(f"\N{EM DASH} {name} ")]
    signatures = [s[4:] for s in signatures if s[:4].hex() == key_id]
    need(signatures and all(ed25519(public[1:], text.encode() + b"\n", s) for s in signatures), "the head is not signed by this key")
    need(text.startswith(name + "\n"), "the head is that of another book")
    return text.split("\n")

def opened(entry, size, root):  # what an entry shows, if it is in the book
    leaf = json.loads(entry["leaf"])
    inside = 0 <= leaf["seq"] < size and included(entry["leaf"].encode(), leaf["seq"], size, entry["path"], root)
    need(inside, f"entry {leaf['seq']} is not in the book")
    commitments = iter([leaf["command"], *leaf["events"]])
    for item in entry["shown"]:
        text, binds = item["text"], lambda part, name: sha(b"\2", unhex(part["salt"]), part[name].encode()).hex()
        need(binds(item, "text") in commitments, f"entry {leaf['seq']} does not hold what is shown")
        for value in item["values"]:
            hole = '{"hidden":"%s"}' % binds(value, "value")
            need(text.count(hole) == 1, f"entry {leaf['seq']} does not hide what is shown")
            text = text.replace(hole, value["value"])
        yield leaf["seq"], leaf["agreement"], {"at": leaf["at"], **json.loads(text)}

def check(bundle, key):
    need(bundle["dibs"] == "proof/1", "it is no proof/1")
    _, size, root = signed_text(bundle["head"], key)
    steps = [step for entry in bundle["entries"] for step in opened(entry, int(size), unbase64(root))]
    order = [json.loads(entry["leaf"])["seq"] for entry in bundle["entries"]]
    need(order == sorted(set(order)), "the entries are not in their order")
    used = list(dict.fromkeys(digest for _, digest, _ in steps))
    need(used == [sha(text.encode()).hex() for text in bundle["agreements"]], "the agreements are not those that counted")
    granted, offers, taken, market = steps[-1][2], {}, set(), None
    need(granted["type"] == "Granted" and granted["grant"] == bundle["grant"], "it does not end with the grant")
    for seq, _, said in steps[:-1]:
        what, offer, about = said["type"], said.get("offer", ""), said.get("request")
        about = about["id"] if isinstance(about, dict) else about
        need(what == "Wake" or about == granted["request"] or (about is None and offer in offers), f"entry {seq} speaks of another need")
        if what in ("ServeNotice", "OfferServed", "OfferTolled", "RoundOpened"):
            offers[offer] = said.get("respond_by", said.get("until", 0))
        elif offer and what in ("RightExercised", "RightDeclined", "RightCountered", "RightLapsed", "RightWaived"):
            late = said["at"] >= offers[offer] + (what in ("RightExercised", "RightWaived"))
            need(late == (what == "RightLapsed"), f"entry {seq} is an answer out of its time")
        taken |= {offer} if what in ("RightExercised", "CounterAccepted") else set()
        if what in ("RequestHeld", "OfferServed", "ReofferDue", "RightRevived", "MarketOpened", "RightEnded", "RightWaived", "Ruled"):
            market = said["until"] if what == "MarketOpened" else 0 if what in ("RequestHeld", "OfferServed", "ReofferDue", "RightRevived") else None
    covers = granted.get("from_cover") and any(said["type"] == "HolderDefaulted" for _, _, said in steps)
    spared = {"consented", "exempt", "on_holder_platform", "overridden", "sub_supply_counts", "suspended"}
    spared &= {reason["code"] for reason in granted.get("because", [])}
    lawful = granted["offer"] in taken if granted.get("offer") else covers or spared or market is None or granted["at"] < market
    need(lawful, "it was granted while the holder had the first word")
    return steps

# Ed25519 (RFC 8032), verification only.
P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

def point(data):
    y = int.from_bytes(data, "little") & (1 << 255) - 1
    xx = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(xx, (P + 3) // 8, P)
    x = x if x * x % P == xx else x * pow(2, (P - 1) // 4, P) % P
    need(y < P and x * x % P == xx, "the key or the signature is not on the curve")
    return (P - x if x & 1 != data[31] >> 7 else x, y)

def add(a, b):
    t = D * a[0] * b[0] * a[1] * b[1]
    return ((a[0] * b[1] + a[1] * b[0]) * pow(1 + t, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P)

def times(n, a):
    total = (0, 1)
    for bit in f"{n:b}":
        total = add(total, total)
        total = add(total, a) if bit == "1" else total
    return total

def ed25519(public, text, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    h = int.from_bytes(hashlib.sha512(r + public + text).digest(), "little") % Q
    base = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    return s < Q and times(s, base) == add(point(r), times(h, point(public)))

if __name__ == "__main__":
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            bundle = json.load(file)
        steps = check(bundle, sys.argv[2].strip())
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        sys.exit(f"the proof does not hold: {error}")
    for seq, _, said in steps:
        when = datetime.datetime.fromtimestamp(said["at"], datetime.timezone.utc)
        facts = (f"{name}={said[name]}" for name in ("offer", "holder", "quantity", "host", "reason") if said.get(name))
        print("entry", seq, said["type"], f"{when:%Y-%m-%dT%H:%M:%SZ}", *facts)
    print(f"grant {bundle['grant']} holds under the key of {sys.argv[2].split('+')[0]}; the agreement's SHA-256 is {steps[-1][1]}")
