"""What people write as windows: what can be, and the line of what cannot."""

import pytest

from streaming.declarations.file import DeclarationsError, read_declarations
from streaming.declarations.specification import Declarations
from streaming.windows.durations import in_words, milliseconds
from streaming.windows.planning import make_plan
from tests.windows.declared_support import plan_of, spec

FILE = """\
[lab]
rate = 5

[[windows]]
name = "a"
stream = "orders"
size = "10s"
[windows.values]
n = "count()"

[[windows]]
name = "b"
stream = "clicks"
{how}
[windows.values]
n = "count()"
"""


def read(tmp_path, text, **files):
    for name, content in files.items():
        (tmp_path / f"{name}.csv").write_text(content)
    path = tmp_path / "dasprep.toml"
    path.write_text(text)
    return read_declarations(path)


def refused(tmp_path, text, **files):
    with pytest.raises(DeclarationsError) as error:
        read(tmp_path, text, **files)
    return str(error.value).replace(str(tmp_path / "dasprep.toml"), "FILE")


@pytest.mark.parametrize(
    ("how", "where", "what"),
    [
        ('kind = "hopping"\nsize = "10s"\nslide = "20s"', "line 16, slide", "longer than the size"),
        ('kind = "hopping"\nsize = "1h"\nslide = "100ms"', "line 16, slide", "more than 1000"),
        ('kind = "hopping"\nsize = "10s"', "line 11, slide", "needs a slide"),
        ('size = "10s"\nslide = "5s"', "line 15, slide", "has no slide"),
        ('kind = "session"\nsize = "5s"', "line 15, size", "has no size"),
        ('kind = "session"', "line 11, gap", "needs a gap"),
        ('size = "10s"\nlateness = -5', "line 15, lateness", "greater than or equal to 0"),
        ('size = "0s"', "line 14, size", "greater than 0"),
        ('size = "150ms"', "line 14, size", "multiple of 100 ms"),
        ('kind = "stagger"\nsize = "1500ms"', "line 15, size", "multiple of 1000 ms"),
        ('kind = "sliding"\nsize = "5s"\nearly = "1s"', "line 16, early", "each second already"),
        ('size = "10 parsecs"', "line 14, size", "not a duration"),
        ('size = "10s"\ngroup_by = "contry"', "line 15, group_by", "no field 'contry'"),
        ('size = "10s"\ngroup_by = "{country}:{}"', "line 15, group_by", "no field ''"),
        ('size = "10s"\nsiez = 5', "line 15, siez", "no 'siez'"),
        ('kind = "round"\nsize = "10s"', "line 14, kind", "'tumbling', 'hopping'"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path, how, where, what):
    said = refused(tmp_path, FILE.format(how=how))
    assert said.startswith(f"FILE, {where}: ")
    assert what in said


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ('"counts()"', "not a value"),
        ('"count(load_ms)"', "takes no field"),
        ('"sum(page)"', "takes one of load_ms"),
        ('"sum(total_cents)"', "takes one of load_ms"),
        ('"distinct(load_ms)"', "distinct() of 'load_ms'"),
        ('"quantile(load_ms)"', "quantile(FIELD, PART)"),
        ('"quantile(load_ms, 1.5)"', "quantile(FIELD, PART)"),
        ('"ratio(n, n)"', "ratio is of two other numbers"),
        ('"ratio(x, y)"', "'x' is none of them"),
        ('"count() where kind = a"', "no field 'kind'"),
        ('"count() where type > a"', "not a filter"),
        ("5", "valid string"),
    ],
)
def test_a_value_that_cannot_be_is_refused(tmp_path, value, what):
    text = FILE.format(how='size = "10s"').rsplit('n = "count()"', 1)[0] + f"n = {value}\n"
    said = refused(tmp_path, text)
    assert said.startswith("FILE, line 15, values: n: ")
    assert what in said


def test_two_windows_with_one_name(tmp_path):
    said = refused(tmp_path, FILE.format(how='size = "10s"').replace('"b"', '"a"'))
    assert said == "FILE, line 12, name: two windows are called 'a'."


def test_what_is_no_toml_or_no_list_of_tables(tmp_path):
    assert "cannot be read as TOML" in refused(tmp_path, "windows = [")
    assert "[[windows]]" in refused(tmp_path, "windows = 5")
    assert "[[references]]" in refused(tmp_path, "[references]\nname = 'x'")


TABLE = '\n[[references]]\nname = "cities"\nfield = "city"\nfile = "cities.csv"\n'


def test_a_reference_table_adds_fields(tmp_path):
    text = FILE.format(how='size = "10s"').replace(
        'stream = "orders"', 'stream = "orders"\ngroup_by = "zone"'
    )
    checked = read(tmp_path, text + TABLE, cities="city,zone\nWien,east\nBregenz,west\n")
    plan = make_plan(1, checked, ("orders",), 5_000, 7)
    assert plan.references[0].rows == {"Wien": ("east",), "Bregenz": ("west",)}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("town,zone\nWien,east\n", "no column 'city'"),
        ("city,zone\nWien\n", "line 2 has 1 columns of 2"),
        ("city,zone\nWien,a\nWien,b\n", "'Wien' is there twice"),
        ("city,country\nWien,AT\n", "'country', which events have already"),
        ("city,region\nWien,x\n", "two reference tables have 'region'"),
    ],
)
def test_a_reference_table_that_cannot_be(tmp_path, content, what):
    assert what in refused(tmp_path, FILE.format(how='size = "10s"') + TABLE, cities=content)


def test_a_file_without_windows_has_those_that_ship(tmp_path):
    shipped = read_declarations(None)
    assert read(tmp_path, "[lab]\nrate = 5\n") == shipped
    assert {w.kind for w in shipped.windows} == {
        "tumbling", "hopping", "sliding", "stagger", "session"
    }  # fmt: skip
    assert Declarations.model_validate_json(shipped.model_dump_json()) == shipped


def test_windows_share_their_panes():
    a = spec("a", kind="tumbling", size="10s", values={"n": "count()"})
    b = spec("b", kind="hopping", size="1m", slide="20s", values={"ms": "avg(load_ms)"})
    finer = spec("c", kind="tumbling", size="5s")
    other = spec("d", kind="tumbling", size="10s", group_by="device")
    later = spec("e", kind="tumbling", size="10s", lateness="1m")
    own = spec("f", kind="session", gap="5s"), spec("g", kind="session", gap="5s")
    plan = plan_of(a, b, finer, other, later, *own)
    panes = {w.name: w.panes for w in plan.windows}
    assert panes["a"] == panes["b"]
    assert len(set(panes.values())) == 6


def test_a_changed_set_keeps_what_stays():
    a, b = spec("a", kind="tumbling", size="10s"), spec("b", kind="tumbling", size="20s")
    first = plan_of(a, b)
    second = plan_of(
        a, spec("b", kind="tumbling", size="30s"), number=2, before=first, lateness_ms=3_000
    )
    generations = {w.name: w.generation for w in second.windows}
    assert generations == {"a": 1, "b": 2}
    assert second.sets[0] == first.sets[0]
    third = plan_of(a, b, number=3, before=second)
    assert {w.name: w.generation for w in third.windows} == {"a": 1, "b": 3}


@pytest.mark.parametrize(
    ("text", "ms"), [("500ms", 500), ("1.5s", 1500), ("2m", 120_000), ("1d", 86_400_000)]
)
def test_durations(text, ms):
    assert milliseconds(text) == ms
    assert milliseconds(in_words(ms)) == ms
