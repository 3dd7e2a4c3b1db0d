"""What differs between the two workspaces that are looked at: the people, the channel, and how the customers write."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Reading = Literal["en", "ru"]
"""The language of everybody in a workspace."""


class Workspace(Struct, frozen=True, kw_only=True):
    """One shop. ``names`` are, in this order: an owner, a colleague, their lead, an absent one, one of another team."""

    language: Reading
    names: tuple[str, str, str, str, str]
    channel: str
    old_channel: str
    rude: str
    short: str
    long: str
    touchpoint: str
    way: str
    """A channel of theirs: the way by which customers buy."""
    note: str
    attributes: dict[str, str]
    no_complaint: str


EN = Workspace(
    language="en",
    names=("Anna Weber", "Bob Meyer", "Eve Lindqvist", "Ivo Kern", "Zoe Marsh"),
    channel="#unhappy-customers",
    old_channel="#old-desk",
    rude="It came late *again* and the box was open. Third time this autumn. Is anybody reading this?",
    short="checkout keeps failing since Monday and nobody answers",
    long="I have been a customer for nine years and I have never been treated like this before. ",
    touchpoint="order.delivered",
    way="web",
    note="Apologised, a new parcel goes out today by express.",
    attributes={"region": "Bavaria", "segment": "pro", "order_id": "4711-2026", "renewal": "2026-12-01"},
    no_complaint="A test order of our own shop.",
)
RU = Workspace(
    language="ru",
    names=("Ольга Смирнова", "Тимур Сапаров", "Мария Орлова", "Пётр Ильин", "Зоя Белова"),
    channel="#недовольные-клиенты",
    old_channel="#старый-канал",
    rude="Опять привезли *с опозданием*, и коробка вскрыта. Третий раз за осень. Это вообще кто-нибудь читает?",
    short="с понедельника не проходит оплата, и никто не отвечает",
    long="Я ваш клиент уже девять лет, и со мной ещё никогда так не обращались. ",
    touchpoint="доставка",
    way="сайт",
    note="Извинились, сегодня отправляем новую посылку экспрессом.",
    attributes={"регион": "Алматы", "сегмент": "про", "номер_заказа": "4711-2026", "продление": "2026-12-01"},
    no_complaint="Наш собственный тестовый заказ.",
)
