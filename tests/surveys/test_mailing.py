"""``closeloop surveys links``: a link for each customer of a file, for a mailing."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import smtplib
import subprocess
import sys
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.cli.asking import EXAMPLE, Answer, ask, environment, refused
from tests.surveys.conftest import KEY, Asking

PUBLIC = "https://cx.example.com"
SETTINGS = {"CLOSELOOP_SURVEY_KEY": KEY, "CLOSELOOP_PUBLIC_URL": PUBLIC}
GUIDE = Path(__file__).parents[2] / "docs" / "surveys.md"


def links(*words: str | Path, **settings: str) -> Answer:
    return ask("surveys", "links", *map(str, words), "--config", str(EXAMPLE), **{**SETTINGS, **settings})


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def event_of(asking: Asking, row: dict[str, str], score: int = 9) -> dict[str, object]:
    """Answer a row's link; the event that it becomes."""
    before = len(asking.events())
    sent = asking.client.post(row["survey_link"].removeprefix(PUBLIC), data={"score": str(score)})
    assert sent.status_code == 303
    (event,) = asking.events()[before:]
    assert event["id"] == row["survey_invitation"]
    return event["data"]


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str | bytes, name: str = "customers.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_quote_that_nothing_closes_costs_its_own_line_alone(put: Callable[..., Path], tmp_path: Path) -> None:
    file = put('customer_id,name\nc1,"Ana\nc2,Bo\nc3,Cy\n')
    made = links(file, "--survey", "nps")
    assert made.code == 1
    assert [row["customer_id"] for row in rows(made.out)] == ["c2", "c3"]
    rejected = (tmp_path / "customers.csv.rejected.csv").read_text()
    assert rejected.count("\n") == 2
    assert "c1" in rejected


def test_every_customer_gets_a_link_that_says_what_the_line_says(
    asking: Asking, put: Callable[..., Path], tmp_path: Path
) -> None:
    file = put(
        "\ufeffcustomer_id,name,touchpoint_event_id,language,region,channel\r\n"
        'c1,"Ana ""A."" Souza, Dr.",o-1,pt,SP,\r\n'
        "c2,Łukasz,o-2,,,sms\r\n"
        "\r\n"
        "c3,=cmd,,he,NI,\r\n"
    )
    out = tmp_path / "links.csv"
    words = ("--survey", "nps", "--touchpoint", "order.delivered", "--channel", "email", "--attribute", "region")
    made = links(file, *words, "--output", out)
    assert (made.code, made.out) == (0, "")
    assert f"3 links to {PUBLIC} in {out}" in made.err
    assert "1 of them name nothing they are about" in made.err
    assert out.stat().st_mode & 0o777 == 0o600
    table = rows(out.read_text())
    assert [list(row)[:6] for row in table] == [
        ["customer_id", "name", "touchpoint_event_id", "language", "region", "channel"]
    ] * 3
    assert [row["name"] for row in table] == ['Ana "A." Souza, Dr.', "Łukasz", "=cmd"]
    assert 'lang="pt"' in asking.client.get(table[0]["survey_link"].removeprefix(PUBLIC)).text
    one, two, three = (event_of(asking, row) for row in table)
    assert (one["customer_id"], one["touchpoint_event_id"], one["language"]) == ("c1", "o-1", "pt")
    assert (one["touchpoint"], one["channel"], one["attributes"]) == ("order.delivered", "email", {"region": "SP"})
    assert (two["customer_id"], two["channel"]) == ("c2", "sms")
    assert "attributes" not in two
    assert (three["language"], three["attributes"]) == ("he", {"region": "NI"})
    assert not (tmp_path / "customers.csv.rejected.csv").exists()


def test_made_again_the_links_of_a_mailing_are_the_same_invitations(put: Callable[..., Path]) -> None:
    file = put("customer_id\nc1\nc2\n")

    def invitations(*words: str) -> list[str]:
        return [row["survey_invitation"] for row in rows(links(file, "--survey", "nps", *words).out)]

    first = invitations("--about", "november")
    assert len(set(first)) == 2
    assert invitations("--about", "november") == first
    assert not set(invitations("--about", "december")) & set(first)
    assert not set(invitations()) & set(invitations())


def test_lines_of_json(asking: Asking, put: Callable[..., Path]) -> None:
    file = put(
        gzip.compress(
            b'{"customer_id": "c1", "mail": "a@x", "attributes": {"orders": 3, "vip": true}}\n\n'
            b'{"mail": null, "customer_id": "c2", "survey": "nps", "language": "de"}\n'
        ),
        "customers.jsonl.gz",
    )
    made = links(file, "--survey", "nps", "--about", "m")
    assert made.code == 0, made.err
    one, two = rows(made.out)
    assert (one["mail"], one["attributes"], two["mail"]) == ("a@x", '{"orders":3,"vip":true}', "")
    assert event_of(asking, one)["attributes"] == {"orders": 3, "vip": True}
    assert event_of(asking, two)["language"] == "de"


def test_columns_of_other_names_another_delimiter_and_encoding(asking: Asking, put: Callable[..., Path]) -> None:
    file = put("E-Mail;Sprache;customer_id\njosé@x.es;es;not this\n".encode("cp1252"))
    words = ("--survey", "nps", "--delimiter", ";", "--encoding", "cp1252", "--about", "m")
    made = links(file, *words, "--column", "customer_id=E-Mail", "--column", "language=Sprache")
    (row,) = csv.DictReader(io.StringIO(made.out), delimiter=";")
    event = event_of(asking, row)
    assert (event["customer_id"], event["language"]) == ("josé@x.es", "es")


def test_a_line_without_a_link_is_named_and_the_others_are_made(put: Callable[..., Path], tmp_path: Path) -> None:
    file = put(
        b"customer_id,language,expires_in,survey\n"
        b"c1,,,\n"
        b" ,,,\n"
        b"c3,English please,,\n"
        b"c4,,soon,\n"
        b"c5,,,npx\n"
        b"c6,,\n"
        b"\xe9,,,\n"
        b"c8,pt,7d,nps\n"
        b"c9,,400d,\n"
    )
    made = links(file, "--survey", "nps", "--about", "m")
    assert made.code == 1
    assert [row["customer_id"] for row in rows(made.out)] == ["c1", "c8"]
    said = made.err.splitlines()
    assert said[0] == "line 3: customer_id: empty; it has to be given"
    for line, field in zip(
        said[1:4], ("line 4: language: ", "line 5: expires_in: ", "line 6: survey: `npx`"), strict=True
    ):
        assert line.startswith(field)
    assert said[4] == "line 7: 3 columns where the header has 4"
    assert "7 lines got none" in said[-1]
    report = rows((tmp_path / "customers.csv.rejected.csv").read_text())
    assert [(row["rejected_line"], row["rejected_field"]) for row in report] == [
        ("3", "customer_id"), ("4", "language"), ("5", "expires_in"), ("6", "survey"), ("7", ""), ("8", ""),
        ("10", "expires_in"),
    ]  # fmt: skip
    assert report[1]["language"] == "English please"


def test_lines_of_json_without_a_link_are_named(put: Callable[..., Path], tmp_path: Path) -> None:
    file = put(
        '{"customer_id": "c1"}\n[1]\n{"customer_id": 7}\n{nothing\n{"customer_id": "c5", "mail": "a"}\n'
        '{"customer_id": "c6", "attributes": [1]}\n'
    )
    made = links(file, "--survey", "nps", "--about", "m", "--rejected", tmp_path / "why.csv")
    assert made.code == 1
    assert [row["customer_id"] for row in rows(made.out)] == ["c1"]
    for part in (
        "line 2: not a JSON object",
        "line 3: customer_id: ",
        "line 4: not JSON",
        "line 5: mail: the first line",
    ):
        assert part in made.err
    assert [row["rejected_line"] for row in rows((tmp_path / "why.csv").read_text())] == ["2", "3", "4", "5", "6"]


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("mail\na@x\n", (), "column `customer_id` is not known; known: mail; --column customer_id=NAME"),
        ("", (), "the file begins with no line of column names"),
        ("customer_id,survey_link\n", (), "survey_link already"),
        ("customer_id\nc1\n", ("--attribute", "region"), "column `region` is not known"),
        ("customer_id\nc1\n", ("--column", "region"), "--column: `region`: write a field and its column"),
        ("customer_id\nc1\n", ("--column", "expires=x"), "did you mean expires_in?"),
        ("customer_id\nc1\n", ("--language", "x"), "language: "),
        ("customer_id\nc1\n", ("--expires-in", "366d"), "expires_in: longer than 365d"),
        ("customer_id\nc1\n", ("--survey", "npx"), "survey: `npx` is not known; did you mean nps?"),
        ("customer_id\nc1\n", ("--delimiter", "ab"), "--delimiter: give one character"),
    ],
)
def test_what_is_wrong_for_all_is_said_once_and_nothing_is_written(
    put: Callable[..., Path], tmp_path: Path, text: str, words: tuple[str, ...], said: str
) -> None:
    out = tmp_path / "links.csv"
    file = put(text)
    refused(links(file, "--survey", "nps", *words, "--output", out), said)
    assert {path.name for path in tmp_path.iterdir()} == {"customers.csv"}


def test_what_cannot_be_read_or_sealed_is_said(put: Callable[..., Path], tmp_path: Path) -> None:
    file = put("customer_id\nc1\n")
    refused(links(file, "--survey", "nps", CLOSELOOP_SURVEY_KEY=""), "CLOSELOOP_SURVEY_KEY: not set")
    refused(links(file, "--survey", "nps", "--output", file), "--output: this is the file that is read")
    refused(links(file, "--survey", "nps", "--rejected", file), "--rejected: this is the file that is read")
    twice = ("--output", tmp_path / "out.csv", "--rejected", tmp_path / "x" / ".." / "out.csv")
    refused(links(file, "--survey", "nps", *twice), "--rejected: this is the --output")
    assert file.read_text() == "customer_id\nc1\n"
    refused(links(file), "column `survey` is not known; known: customer_id; or give --survey")
    assert {path.name for path in tmp_path.iterdir()} == {"customers.csv"}
    refused(links(tmp_path / "none.csv", "--survey", "nps"), "none.csv: no such file")
    here = links(file, "--survey", "nps", CLOSELOOP_PUBLIC_URL="http://127.0.0.1:8080")
    assert "set CLOSELOOP_PUBLIC_URL" in here.err


@pytest.mark.faults
def test_the_links_come_while_the_file_is_still_being_written(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "closeloop", "surveys", "links", "-", "--survey", "nps", "--about", "m"]
    with subprocess.Popen(
        [*words, "--config", str(EXAMPLE)],
        cwd=tmp_path,
        env=environment(**SETTINGS),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        # More than the reader takes in at a time, less than the pipe holds, and no end.
        process.stdin.write(b"customer_id\n" + b"".join(b"c%d\n" % n for n in range(5_000)))
        process.stdin.flush()
        assert process.stdout.readline().startswith(b"customer_id,survey_link")
        assert process.stdout.readline().startswith(b"c0,https://cx.example.com/s/")
        process.stdin.close()
        assert process.stdout.read().count(b"\n") == 4_999
        assert process.wait(60) == 0


@pytest.mark.faults
def test_whoever_has_read_enough_hears_of_no_fault(put: Callable[..., Path]) -> None:
    file = put("customer_id\n" + "".join(f"c{n}\n" for n in range(5_000)))
    words = [sys.executable, "-m", "closeloop", "surveys", "links", str(file), "--survey", "nps", "--about", "m"]
    with subprocess.Popen(
        [*words, "--config", str(EXAMPLE)],
        env=environment(**SETTINGS),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"customer_id,survey_link")
        process.stdout.close()
        assert process.wait(60) != 0
        assert process.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a device of Linux")
def test_a_disk_that_is_full_is_not_taken_for_a_file_that_cannot_be_read(put: Callable[..., Path]) -> None:
    answer = links(put("customer_id\nc1\n"), "--survey", "nps", "--about", "m", "--output", "/dev/full")
    refused(answer, "/dev/full", "no space left")
    assert "customers.csv" not in answer.err


def test_the_mail_merge_of_the_guide(
    asking: Asking, put: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = GUIDE.read_text().partition("## A mailing")[2].partition("\n## ")[0]
    (table,) = re.findall(r"^```csv\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    (command,) = re.findall(r"^closeloop surveys links (.*)$", part, re.MULTILINE)
    (script,) = re.findall(r"^```python\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    put(table)
    sent: list[EmailMessage] = []

    class Server:
        def __init__(self, host: str) -> None:
            assert host == "mail.example.com"

        def __enter__(self) -> Server:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def send_message(self, message: EmailMessage) -> None:
            sent.append(message)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(smtplib, "SMTP", Server)
    made = links(*command.replace("\\", "").split())
    assert made.code == 0, made.err
    exec(compile(script, str(GUIDE), "exec"), {})
    customers = rows(table)
    assert [message["To"] for message in sent] == [row["email"] for row in customers]
    for message, row in zip(sent, customers, strict=True):
        body = message.get_content()
        assert row["name"] in body
        (link,) = re.findall(r"https://cx\.example\.com(/s/\S+)", body)
        assert asking.client.get(link).status_code == 200
        asking.client.post(link, data={"score": "9"})
    assert [event["data"]["customer_id"] for event in asking.events()] == [row["customer_id"] for row in customers]
    assert {event["data"]["attributes"]["region"] for event in asking.events()} == {row["region"] for row in customers}
    assert json.dumps(asking.events()).count(customers[0]["email"]) == 0
