"""Who of a receiver's people gets a case, and why the others do not. Pure: time and the state of the desk go in.

Nobody who is absent gets a case while another can have it. Of a team's members who are there, those remain who are on
shift (where the team says so), of these those below their capacity, of these those who speak the customer's language;
a step that would leave nobody is left out. Of who remains, the next in turn or the least loaded owns the case.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, structs

from schemas.alerts import Alert
from schemas.config import Loop
from schemas.config_owners import Receiver, Team
from schemas.duty import absence, at_work_from, on_duty, present, stand_in, zone_of


class Standing(Struct, frozen=True):
    """How the desk stands: the open cases of each person, and who had each team's last case in turn."""

    open_cases: Mapping[str, int] = {}
    turns: Mapping[str, str] = {}


class PassedOver(Struct, frozen=True):
    """Somebody who could have had the case, and why they have not."""

    person: str
    why: str


class Choice(Struct, frozen=True):
    """The owner (a key of ``people``), why, who was passed over, and the team whose turn it was, if it takes turns."""

    owner: str | None
    reason: str
    passed: tuple[PassedOver, ...] = ()
    turn_of: str | None = None


def choose_owner(loop: Loop, receiver: Receiver, alert: Alert, standing: Standing, now: datetime) -> Choice:
    """The account's owner, a member of the team, the receiver's person, a deputy of theirs, or the team's lead."""
    passed: list[PassedOver] = []
    found = (
        _account_owner(loop, receiver, alert, now, passed)
        or _of_team(loop, receiver, alert, standing, now, passed)
        or _in_person(loop, receiver.person, "the receiver's person", now, passed)
        or _lead(loop, receiver, now, passed)
        or _although_absent(loop, receiver)
    )
    passed_over = tuple(dict.fromkeys(one for one in passed if one.person != found.owner))
    return structs.replace(found, passed=passed_over)


def speaks(languages: list[str], language: str) -> bool:
    """Whether one of the languages is the wanted one (BCP 47), a kind of it, or what it is a kind of."""
    wanted = language.lower().split("-")
    for spoken in (one.lower().split("-") for one in languages):
        shorter = min(len(spoken), len(wanted))
        if spoken[:shorter] == wanted[:shorter]:
            return True
    return False


def _account_owner(
    loop: Loop, receiver: Receiver, alert: Alert, now: datetime, passed: list[PassedOver]
) -> Choice | None:
    if receiver.owner_attribute is None:
        return None
    named = alert.attributes.get(receiver.owner_attribute)
    said = f"attributes.{receiver.owner_attribute} names them"
    return _in_person(loop, named if isinstance(named, str) else None, said, now, passed)


def _in_person(loop: Loop, person: str | None, reason: str, now: datetime, passed: list[PassedOver]) -> Choice | None:
    """This person or, in their absence, their deputy."""
    if person is None or person not in loop.people:
        return None
    if present(loop, person, now):
        return Choice(person, reason)
    why = _absent(loop, person, now)
    passed.append(PassedOver(person, why))
    deputy = stand_in(loop, person, now)
    return Choice(deputy, f"deputy of {person}, who is {why}") if deputy is not None else None


def _of_team(
    loop: Loop, receiver: Receiver, alert: Alert, standing: Standing, now: datetime, passed: list[PassedOver]
) -> Choice | None:
    team = loop.teams.get(receiver.team) if receiver.team is not None else None
    if team is None or receiver.team is None:
        return None
    if team.rotation is not None and team.choose == "on_shift":
        duty = on_duty(loop.rotations[team.rotation], now)
        found = _in_person(loop, duty, f"on duty by rotation {team.rotation}", now, passed)
        if found is not None:
            return found
    members = [member for member in team.members if member in loop.people]
    there = [member for member in members if present(loop, member, now)]
    passed += [PassedOver(member, _absent(loop, member, now)) for member in members if member not in there]
    if not there:
        deputies = [_in_person(loop, member, "", now, []) for member in members]
        return next((deputy for deputy in deputies if deputy is not None), None)
    if team.choose == "on_shift":
        there = _on_shift(loop, there, now, passed)
    there = _below_capacity(loop, there, standing, passed)
    there = _speakers(loop, there, alert.language, passed)
    return _chosen(receiver.team, team, there, standing, on_shift=_shift_words(loop, team, there, now))


def _chosen(name: str, team: Team, there: list[str], standing: Standing, on_shift: str) -> Choice:
    if team.choose == "round_robin":
        last = standing.turns.get(name)
        after = team.members.index(last) + 1 if last in team.members else 0
        order = [*team.members[after:], *team.members[:after]]
        owner = next(member for member in order if member in there)
        said = f"next in turn of team {name}" + (f" after {last}" if last is not None else "")
        return Choice(owner, said, turn_of=name)
    best = min(there, key=lambda member: (standing.open_cases.get(member, 0), team.members.index(member)))
    return Choice(best, f"{on_shift}fewest open cases of team {name} ({standing.open_cases.get(best, 0)})")


def _on_shift(loop: Loop, there: list[str], now: datetime, passed: list[PassedOver]) -> list[str]:
    """Who is at work now; if nobody is, whoever is next."""
    opens = {member: at_work_from(loop, member, now) for member in there}
    soonest = min((begin for begin in opens.values() if begin is not None), default=None)
    if soonest is None:
        return there
    for member, begin in opens.items():
        if begin is None:
            passed.append(PassedOver(member, "off shift without an end"))
        elif begin != soonest:
            passed.append(
                PassedOver(member, f"off shift until {begin.astimezone(zone_of(loop, member)):%a %d %b %H:%M}")
            )
    return [member for member in there if opens[member] == soonest]


def _shift_words(loop: Loop, team: Team, there: list[str], now: datetime) -> str:
    if team.choose != "on_shift":
        return ""
    begin = at_work_from(loop, there[0], now)
    if begin is None or begin <= now:
        return "on shift, "
    return f"next on shift ({begin.astimezone(zone_of(loop, there[0])):%a %d %b %H:%M}), "


def _below_capacity(loop: Loop, there: list[str], standing: Standing, passed: list[PassedOver]) -> list[str]:
    def full(member: str) -> bool:
        capacity = loop.people[member].capacity
        return capacity is not None and standing.open_cases.get(member, 0) >= capacity

    free = [member for member in there if not full(member)]
    if not free:
        return there
    for member in there:
        if member not in free:
            load, capacity = standing.open_cases.get(member, 0), loop.people[member].capacity
            passed.append(PassedOver(member, f"over capacity ({load} open, at most {capacity})"))
    return free


def _speakers(loop: Loop, there: list[str], language: str | None, passed: list[PassedOver]) -> list[str]:
    if language is None:
        return there
    speakers = [member for member in there if speaks(loop.people[member].languages, language)]
    if not speakers:
        return there
    passed += [PassedOver(member, f"does not speak {language[:35]}") for member in there if member not in speakers]
    return speakers


def _lead(loop: Loop, receiver: Receiver, now: datetime, passed: list[PassedOver]) -> Choice | None:
    team = loop.teams.get(receiver.team) if receiver.team is not None else None
    if team is None:
        return None
    return _in_person(loop, team.lead, f"lead of team {receiver.team}: every member is away", now, passed)


def _although_absent(loop: Loop, receiver: Receiver) -> Choice:
    team = loop.teams.get(receiver.team) if receiver.team is not None else None
    if receiver.person is not None and receiver.person in loop.people:
        return Choice(receiver.person, "the receiver's person, although away")
    if team is not None and team.lead is not None and team.lead in loop.people:
        return Choice(team.lead, f"lead of team {receiver.team}, although away: so is everybody else")
    return Choice(None, "nobody of the receiver is there: the channel has it")


def _absent(loop: Loop, person: str, now: datetime) -> str:
    away = absence(loop, person, now)
    return "away" if away is None or away.until is None else f"absent until {away.until}"
