"""Opens kaskade's screens on a broker without a terminal, and writes what they show as JSON.

Runs where kaskade can be imported: `kaskade_child.py BOOTSTRAP TOPIC`.
"""

import asyncio
import json
import sys

from kaskade.admin import DescribeTopicScreen, KaskadeAdmin
from kaskade.consumer import KaskadeConsumer
from kaskade.deserializers import Deserialization
from textual.widgets import DataTable

DEADLINE_S = 30
SIZE = (200, 50)


def rows(table):
    """Its rows as dictionaries by column."""
    names = [str(column.label) for column in table.ordered_columns]
    return [dict(zip(names, map(str, table.get_row(key)), strict=True)) for key in list(table.rows)]


async def wait_for(pilot, condition):
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            await pilot.pause(0.05)


async def look_at_topic(bootstrap, topic):
    """The list of topics, and the tables behind `d` on one of them."""
    app = KaskadeAdmin({"bootstrap.servers": bootstrap}, refresh_interval=0)
    async with app.run_test(size=SIZE) as pilot:
        table = app.query_one("#topics-table", DataTable)

        def shown():
            """The topic's row once all its numbers are there."""
            found = [row for row in rows(table) if next(iter(row.values())) == topic]
            loading = any("…" in cell for row in found for cell in row.values())
            return None if loading or not found else found[0]

        await wait_for(pilot, lambda: not table.loading and shown())
        seen = {"topic": shown()}
        table.focus()
        table.move_cursor(row=table.get_row_index(topic))
        await pilot.pause()
        await pilot.press("d")
        await wait_for(pilot, lambda: isinstance(app.screen, DescribeTopicScreen))
        for name in ("partitions", "group-offsets", "groups", "group-members", "configurations"):
            seen[name] = rows(app.screen.query_one(f"#{name}-table", DataTable))
        return seen


async def look_at_records(bootstrap, topic):
    """The first page of records."""
    app = KaskadeConsumer(
        topic,
        {"bootstrap.servers": bootstrap, "auto.offset.reset": "earliest"},
        {},
        {},
        {},
        Deserialization.STRING,
        Deserialization.STRING,
    )
    async with app.run_test(size=SIZE) as pilot:
        table = app.query_one("#records-table", DataTable)
        await wait_for(pilot, lambda: table.row_count and not table.loading)
        return rows(table)


async def main(bootstrap, topic):
    seen = await look_at_topic(bootstrap, topic)
    seen["records"] = await look_at_records(bootstrap, topic)
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
