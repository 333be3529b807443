"""The data source for Tableau, opened by Tableau's own library for its documents."""

import pathlib
import xml.etree.ElementTree as ElementTree

import pytest
from tableaudocumentapi import Datasource

FILE = pathlib.Path(__file__).resolve().parents[2] / "docs/tableau/logbook.tds"


@pytest.fixture(scope="module")
def source():
    return Datasource.from_file(str(FILE))


@pytest.fixture(scope="module")
def tree():
    return ElementTree.parse(FILE).getroot()


def test_it_connects_to_mysql_over_tls_as_the_user_of_bi_tools(source, tree):
    assert [(one.dbclass, one.username, one.port) for one in source.connections] == [("mysql", "bi", "3306")]
    assert tree.find("./connection//connection").get("sslmode") == "require"
    assert "password" not in FILE.read_text()


def test_every_field_is_described_and_has_a_caption_of_its_own(source):
    fields = [field for field in source.fields.values() if field.calculation is None]
    assert len(fields) > 100
    for field in fields:
        assert field.description and field.caption, field.id
        assert field.datatype in ("string", "integer", "real", "date"), field.id
        assert (field.role, field.type) in (
            ("measure", "quantitative"), ("dimension", "ordinal"), ("dimension", "nominal")), field.id
    captions = [field.caption for field in source.fields.values()]
    assert len(set(captions)) == len(captions)


def test_persons_rates_and_percentiles_are_never_summed(source):
    summed = {field.id for field in source.fields.values() if field.default_aggregation == "Sum"}
    assert "[sessions (bi_release_health)]" in summed and "[new_users (bi_active_users)]" in summed
    for name in summed:
        column = name.strip("[]").split(" ")[0]
        assert column not in ("users", "dau", "wau", "mau", "active_users", "cohort_users"), name
        assert not column.endswith(("_us", "_rate", "_share")), name


def test_every_view_is_related_to_the_calendar_by_fields_that_there_are(source, tree):
    objects = {one.get("id") for one in tree.iter("object")}
    related = {one.find("second-end-point").get("object-id") for one in tree.iter("relationship")}
    assert related == objects - {"bi_calendar"} and len(objects) > 8
    tables = {one.get("name") for one in tree.findall("./connection/relation/relation")}
    assert tables == objects
    for one in tree.iter("relationship"):
        assert one.find("first-end-point").get("object-id") == "bi_calendar"
        for side in one.findall("./expression/expression"):
            assert source.fields[side.get("op")].datatype == "date"


def test_what_is_calculated_names_fields_that_there_are(source):
    calculated = [field for field in source.fields.values() if field.calculation]
    assert len(calculated) == 3
    for field in calculated:
        names = {"[" + part.split("]")[0] + "]" for part in field.calculation.split("[")[1:]}
        assert names and names <= set(source.fields), field.caption


def test_every_field_is_in_the_folder_of_its_view(source, tree):
    items = [item.get("name") for item in tree.iter("folder-item")]
    assert sorted(items) == sorted(name for name, field in source.fields.items() if not field.calculation)
