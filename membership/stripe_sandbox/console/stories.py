"""An invented year of a newsroom's readers, told from one number: the same number tells the same story."""

import random
from dataclasses import dataclass, field
from typing import Any

PATRONS = 40
DONATIONS = 36
YEAR = 360
MINUTES = 23 * 60
# Names, the local parts of their addresses, and what they pay in; all are invented.
PEOPLE = (
    ("Оксана Ткаченко", "oksana.tkachenko", "uah"),
    ("Bohdan Melnyk", "bohdan.melnyk", "uah"),
    ("Ганна Шевчук", "hanna.shevchuk", "uah"),
    ("Taras Kovalenko", "taras.kovalenko", "uah"),
    ("Леся Бондар", "lesia.bondar", "uah"),
    ("Юрій Гнатюк", "yurii.hnatiuk", "uah"),
    ("Iryna Savchuk", "iryna.savchuk", "uah"),
    ("Андрій Кравець", "andrii.kravets", "uah"),
    ("Соломія Гончар", "solomiia.honchar", "uah"),
    ("Nazar Oliinyk", "nazar.oliinyk", "uah"),
    ("Jürgen Weiß", "juergen.weiss", "eur"),
    ("Annika Schäfer", "annika.schaefer", "eur"),
    ("Friedrich Groß", "friedrich.gross", "eur"),
    ("Lena Vogt", "lena.vogt", "eur"),
    ("Maria-Theresia von Hohenstein-Lichtenwald", "mt.hohenstein", "eur"),
    ("佐藤 美咲", "misaki.sato", "jpy"),
    ("鈴木 健一", "kenichi.suzuki", "jpy"),
    ("高橋 さくら", "sakura.takahashi", "jpy"),
    ("Haruto Ishikawa", "haruto.ishikawa", "jpy"),
    ("Zofia Wiśniewska", "zofia.wisniewska", "eur"),
    ("Łukasz Kamiński", "lukasz.kaminski", "eur"),
    ("Élodie Lefèvre", "elodie.lefevre", "eur"),
    ("Benoît Garçon", "benoit.garcon", "eur"),
    ("José Ángel Núñez", "jose.nunez", "eur"),
    ("Siobhán O'Connor", "siobhan.oconnor", "eur"),
    ("Gülşen Yıldız", "gulsen.yildiz", "usd"),
    ("ليلى حداد", "layla.haddad", "usd"),
    ("Νίκος Παπαδόπουλος", "nikos.papadopoulos", "eur"),
    ("Priya Raghunathan", "priya.raghunathan", "usd"),
    ("김서연", "seoyeon.kim", "jpy"),
    ("Nguyễn Thị Hạnh", "hanh.nguyen", "usd"),
    ("Wayan", "wayan", "usd"),
    ("Åsa Öberg", "asa.oberg", "eur"),
    ("Guðrún Jónsdóttir", "gudrun.jonsdottir", "eur"),
    ("Jiří Dvořák", "jiri.dvorak", "eur"),
    ("Kovács Ágnes", "agnes.kovacs", "eur"),
    ("Chiamaka Okonkwo", "chiamaka.okonkwo", "usd"),
    ("João Guimarães", "joao.guimaraes", "eur"),
    ("Pieter van der Meer", "pieter.vandermeer", "eur"),
    ("Tõnu Õunapuu", "tonu.ounapuu", "eur"),
    ("ნინო ბერიძე", "nino.beridze", "usd"),
    ("Chiara Castellan", "chiara.castellan", "eur"),
    ("Sam Carter", "sam.carter", "usd"),
    ("Robin Doyle", "robin.doyle", "usd"),
    ("Fatou Diallo", "fatou.diallo", "usd"),
    ("Mihai Ștefănescu", "mihai.stefanescu", "eur"),
    ("Rūta Žemaitienė", "ruta.zemaitiene", "eur"),
    ("Elif Aydın", "elif.aydin", "usd"),
)
# Currency, and what is given in it: every month, every year, once. Minor units.
HABITS: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = {
    "eur": ((300, 500, 500, 700, 1000, 2000), (5000, 10_000), (1000, 2500, 5000, 7500, 20_000)),
    "uah": ((9000, 15_000, 20_000), (200_000,), (50_000, 100_000, 250_000)),
    "usd": ((500, 500, 1000, 1500), (6000, 12_000), (1000, 2000, 10_000)),
    "jpy": ((500, 800, 1500), (10_000,), (2000, 5000, 12_345)),
}
# What befalls the first patrons, in turn; the others just stay.
OFTEN = ("raises", "card mended", "leaves", "lowers", "pauses", "card lost", "returns", "raises")
FATES = (*OFTEN * 3, "card lost now", "pauses now", "leaves now")
REASONS = ("too_expensive", "missing_features", "unused", "other", "switched_service")
WORDS = (
    "Money is tight this winter.",
    "I will be back.",
    "",
    "I read less at the moment.",
    "Thank you for everything.",
)


@dataclass(frozen=True)
class Person:
    """Somebody invented."""

    name: str
    email: str
    currency: str


@dataclass(frozen=True)
class Act:
    """Something that somebody does `days_ago` (and some minutes), with what else it needs. `key` names the gift."""

    kind: str
    key: str
    days_ago: int
    minutes: int
    details: dict[str, Any] = field(default_factory=dict)


def story_of(seed: int) -> tuple[Act, ...]:
    """Tells what 40 patrons and some donors did in a year, the earliest act first."""
    chance = random.Random(f"a year {seed}")  # noqa: S311 - a story, and the same one for the same number
    people = [Person(name, f"{local}@example.org", pays) for name, local, pays in chance.sample(PEOPLE, len(PEOPLE))]
    acts = [act for number in range(PATRONS) for act in _patron(chance, number, people[number])]
    acts += [_donation(chance, number, people) for number in range(DONATIONS)]
    acts += _afterwards(chance, acts)
    return tuple(sorted(acts, key=lambda act: (-act.days_ago, -act.minutes, act.key, act.kind)))


def _patron(chance: random.Random, number: int, person: Person) -> list[Act]:
    """Tells of one patron; the number decides the turn of the story, chance its amounts and days."""
    key = f"patron-{number + 1}"
    fate = FATES[number] if number < len(FATES) else ""
    interval = "month" if fate or chance.random() < 0.7 else "year"
    months, years, _ = HABITS[person.currency]
    amount = chance.choice(months if interval == "month" else years)
    joined = _joined(chance, fate)
    gift = {"amount_minor": amount, "currency": person.currency, "interval": interval}
    begin = _act(chance, "join", key, joined, name=person.name, email=person.email, fails_later="card" in fate, **gift)
    return [begin, *_turn(chance, fate, key, joined, amount=amount)]


def _joined(chance: random.Random, fate: str) -> int:
    if fate == "card lost now":
        return chance.randint(33, 36)
    # More and more come: of those who just stay every fourth is new this month.
    return chance.randint(130, YEAR) if fate else 5 + int((YEAR - 5) * chance.random() ** 2)


def _turn(chance: random.Random, fate: str, key: str, joined: int, *, amount: int) -> list[Act]:
    later = chance.randint(2, 9) if fate.endswith(" now") else joined - chance.randint(40, 110)
    if fate in ("raises", "lowers"):
        changed = amount * 2 if fate == "raises" else amount * 3 // 5 // 10 * 10
        return [_act(chance, "change", key, later, amount_minor=changed)]
    if fate == "card mended":
        return [_act(chance, "mend", key, joined - chance.randint(33, 37))]
    if fate in ("leaves", "leaves now"):
        return [_act(chance, "leave", key, later, feedback=chance.choice(REASONS), comment=chance.choice(WORDS))]
    if fate in ("pauses", "pauses now"):
        return [_act(chance, "pause", key, later, days=chance.choice((31, 62)))]
    if fate == "returns":
        stays = _act(chance, "stay", key, later - 3)
        return [_act(chance, "leave", key, later, feedback="unused", comment=""), stays]
    return []


def _donation(chance: random.Random, number: int, people: list[Person]) -> Act:
    currency = tuple(HABITS)[number % len(HABITS)]
    person = chance.choice([each for each in people if each.currency == currency])
    amount = chance.choice(HABITS[currency][2])
    declined = number % 9 == 4
    return _act(
        chance,
        "give",
        f"donation-{number + 1}",
        chance.randint(3, YEAR),
        name=person.name,
        email=person.email,
        amount_minor=amount,
        currency=currency,
        declined_first=declined,
    )


def _afterwards(chance: random.Random, acts: list[Act]) -> list[Act]:
    """Tells of money that went back: three refunds, one of them in part, and one dispute."""
    gifts = [act for act in acts if act.kind == "give" and act.days_ago > 40]
    whole, part, disputed = chance.sample(gifts, 3)
    patron = chance.choice([act for act in acts if act.kind == "join" and not act.details["fails_later"]])
    return [
        _act(chance, "refund", whole.key, whole.days_ago - chance.randint(1, 9)),
        _act(chance, "refund", part.key, part.days_ago - chance.randint(1, 9), share=2),
        _act(chance, "refund", patron.key, patron.days_ago - 1, reason="requested_by_customer"),
        _act(chance, "dispute", disputed.key, disputed.days_ago - chance.randint(10, 30), reason="unrecognized"),
    ]


def _act(chance: random.Random, kind: str, key: str, days_ago: int, **details: Any) -> Act:
    return Act(kind, key, days_ago, chance.randint(1, MINUTES), details)
