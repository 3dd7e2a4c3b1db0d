"""Words that say nothing of what a comment is about, by language, and those that turn the next word round. Pure.

The lists are those of the `stop-words` package. They are made for search over any text: some of their words are what
customers complain about (help, order, money, late), and stay.
"""

from functools import lru_cache

from stop_words import LANGUAGE_MAPPING, get_stop_words

from schemas.word_forms import bare, fold

_SPEAKING: dict[str, str] = {
    "en": "amount away back backed bill call called case cases change changes close computer cry detail empty failing "
    "fill fire help ignored keeps late lately least missing move old open opened opening order ordered ordering orders "
    "page pages problem problems promptly related result room rooms second sent slightly small system test thin twice "
    "unfortunately website webpage work worked working works wrong young",
    "de": "nichts",
    "es": "buen empleo empleas empleos tiempo trabajo valor verdad",
    "fr": "essai personne pièce valeur",
    "pt": "apontar desligado nome novo tempo trabalho trabalhar valor verdade",
    "ru": "время времени долго поздно давно рано",
    "uk": "довго пізніше пізно давно рано",
    "zh": "",
}
"""Words of the lists that do say something in a complaint."""

_EMPTY: dict[str, str] = {
    "en": "also get got would could im ive dont didnt doesnt cant wont isnt wasnt really very just even still yet",
    "pt": "ainda já nao não so só ate até ai aí la lá ser sido ter foi pra pro pois porém apenas vez vezes dia dias "
    "sempre nunca bem tão tao tudo nada cada agora hoje sim vou vai ir fica ficou faz feito disse fiz há ha "
    "nenhum nenhuma outra outro outras outros vcs vc oi",
    "ru": "это эта этот вообще просто ещё еще уже очень ваш вас",
    "uk": "це цей ця ще вже дуже просто взагалі та й і у в на з із за до від не ні так як що щоб але бо чи ж би по",
    "de": "schon mal immer nie bereits leider bitte danke beim zum zur vom ganz mehr seit bis ab sehr",
    "zh": "我 你 他 她 它 们 的 了 是 在 就 都 也 很 还 有 和 与 这 那 个 吗 呢 吧 啊 呀 把 被 给 到 得 地 着 过 要 会 "
    "能 可以 一直 一下 一点 我们 你们 他们 一个 什么 怎么 "
    "因为 所以 但是 而且 如果 没有 不是 就是 还是 还有 非常 真的 已经 现在 为什么 这个 那个 "
    "次 请 对 又 再 从 让 跟 等 一 太 啦 嘛",
}
"""Words that say nothing in a complaint and are not in the lists."""

_TURNING: dict[str, str] = {
    "ca": "no sense mai",
    "cs": "ne bez nikdy",
    "de": "nicht kein keine keinen keiner nie niemals ohne",
    "en": "not no never without nobody cannot can't cant don't dont didn't didnt doesn't doesnt isn't isnt wasn't "
    "wasnt won't wont hasn't hasnt haven't havent couldn't couldnt aren't arent weren't werent",
    "es": "no sin nunca jamás tampoco",
    "fr": "pas sans jamais aucun aucune",
    "it": "non senza mai nessun nessuna",
    "nl": "niet geen nooit zonder",
    "pl": "nie bez nigdy",
    "pt": "não sem nunca jamais nem",
    "ru": "не нет без никогда ни нельзя",
    "uk": "не ні без ніколи немає",
    "zh": "不 没 未 无",
}
"""Words that turn what follows round: a phrase may begin with one."""


@lru_cache(64)
def stop_words(language: str) -> frozenset[str]:
    """The stop words of a language, folded and bare (:mod:`schemas.word_forms`); those that turn round are among them.

    ``language`` is an ISO 639-1 code; none are known for one that the package does not have.
    """
    listed = get_stop_words(language) if language in LANGUAGE_MAPPING else []
    words = {*listed, *_EMPTY.get(language, "").split(), *_TURNING.get(language, "").split()}
    plain = {bare(fold(word)) for word in words}
    return frozenset(plain - {bare(fold(word)) for word in _SPEAKING.get(language, "").split()})


@lru_cache(64)
def turning_words(language: str) -> frozenset[str]:
    """The words that turn what follows round, folded and bare; empty where none are known."""
    return frozenset(bare(fold(word)) for word in _TURNING.get(language, "").split())


GUESSED = ("de", "en", "es", "fr", "it", "nl", "pl", "pt", "ru", "uk")
"""Languages that a comment without one is held against."""
