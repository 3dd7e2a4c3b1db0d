"""The simulated shop's world: regions with their languages, products of journeys, and what customers write."""

from typing import Literal

from msgspec import Struct

Mood = Literal["good", "fair", "bad"]


class Region(Struct, frozen=True):
    """Where customers live, what they speak there, and how much of the shop's trade it is."""

    name: str
    language: str
    currency: str
    share: float


REGIONS: tuple[Region, ...] = (
    Region("London", "en", "GBP", 0.26),
    Region("Sao Paulo", "pt", "BRL", 0.24),
    Region("Kyiv", "uk", "UAH", 0.18),
    Region("Shenzhen", "zh", "CNY", 0.18),
    Region("Almaty", "ru", "KZT", 0.14),
)
TROUBLED = "Sao Paulo"
"""The region whose deliveries go wrong while the demo runs."""

SEGMENTS: dict[str, float] = {"consumer": 0.7, "smb": 0.22, "enterprise": 0.08}

DELIVERY_COMMENTS: dict[str, dict[Mood, tuple[str, ...]]] = {
    "en": {
        "good": ("Arrived a day early, well packed.", "Courier was friendly, thank you!", "Smooth as always."),
        "fair": ("It came, box a bit dented.", "On time, but no tracking until the last day."),
        "bad": (
            "Third time the parcel is late and nobody answers my mails.",
            "The box was open and half of the order is missing.",
            "Courier marked it delivered. I have nothing.",
        ),
    },
    "pt": {
        "good": ("Chegou antes do prazo, tudo perfeito.", "Entrega rápida e bem embalada!", "Recomendo muito."),
        "fair": ("Chegou no prazo, mas a caixa veio amassada.", "Tudo certo, só faltou aviso da entrega."),
        "bad": (
            "Atrasou de novo e ninguém responde no chat.",
            "Já faz dez dias e o pedido não chegou, quero meu dinheiro de volta.",
            "Consta como entregue, mas não recebi nada.",
        ),
    },
    "uk": {
        "good": ("Приїхало швидко, дуже дякую!", "Чудовий сервіс, усе ціле.", "Кур'єр зателефонував завчасно."),
        "fair": ("Нормально, але довго чекала на відділенні.", "Усе гаразд, коробка трохи пом'ята."),
        "bad": (
            "Посилка загубилася, підтримка мовчить третій день.",
            "Привезли не те замовлення, поверніть гроші.",
        ),
    },
    "zh": {
        "good": ("物流很快，包装也好，满意。", "第二天就到了，客服态度很好！", "一如既往地好。"),
        "fair": ("还可以，就是比预计晚了一点。", "东西没问题，包装一般。"),
        "bad": ("等了两个星期还没到，客服一直不回复。", "箱子破了，里面的东西少了一件。"),
    },
    "ru": {
        "good": ("Доставили раньше срока, спасибо!", "Всё отлично, курьер вежливый.", "Как всегда быстро."),
        "fair": ("В целом нормально, но коробка помята.", "Приехало вовремя, трек не работал."),
        "bad": (
            "Опять опоздали, дозвониться невозможно.",
            "Заказ потеряли, деньги не возвращают.",
        ),
    },
}

SUPPORT_COMMENTS: dict[str, dict[Mood, tuple[str, ...]]] = {
    "en": {
        "good": ("Solved in one chat.",),
        "fair": ("Helpful in the end, but I had to explain it twice.",),
        "bad": ("Passed around four agents, still no refund.", "The bot never let me reach a person."),
    },
    "pt": {
        "good": ("Resolveram na hora!",),
        "fair": ("Resolveu, mas demorou.",),
        "bad": ("Falei com quatro atendentes e nada de reembolso.",),
    },
    "uk": {
        "good": ("Вирішили за п'ять хвилин.",),
        "fair": ("Допомогли, але довго чекала.",),
        "bad": ("Перекидали від одного до іншого, питання не вирішено.",),
    },
    "zh": {
        "good": ("客服一次就解决了。",),
        "fair": ("解决了，但等了很久。",),
        "bad": ("换了四个客服，退款还是没有到账。",),
    },
    "ru": {
        "good": ("Решили сразу, спасибо.",),
        "fair": ("Помогли, но не с первого раза.",),
        "bad": ("Четвёртый оператор, а возврата всё нет.",),
    },
}
