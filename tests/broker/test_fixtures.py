"""The fixtures of the suite themselves stand up what they promise."""

import pytest
import sqlalchemy
from confluent_kafka.admin import AdminClient


@pytest.mark.kafka
def test_topics_made_by_the_fixture_exist_with_their_partitions(kafka, kafka_topics):
    name = kafka_topics(partitions=5, cleanup_policy="compact")
    found = AdminClient({"bootstrap.servers": kafka}).list_topics(name, timeout=10).topics[name]
    assert found.error is None
    assert sorted(found.partitions) == [0, 1, 2, 3, 4]


@pytest.mark.postgres
def test_each_database_is_empty_and_its_own(postgres_database, postgres_url):
    assert postgres_database != postgres_url
    engine = sqlalchemy.create_engine(postgres_database, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == []
        connection.execute(sqlalchemy.text("CREATE TABLE visible_here (n int)"))
    other = sqlalchemy.create_engine(postgres_url, poolclass=sqlalchemy.NullPool)
    with other.connect() as connection:
        assert "visible_here" not in sqlalchemy.inspect(connection).get_table_names()


@pytest.mark.browser
def test_the_browser_runs_scripts(browser_page):
    browser_page.set_content("<h1 id=n>0</h1><script>document.getElementById('n').textContent = 6 * 7</script>")
    assert browser_page.inner_text("#n") == "42"
