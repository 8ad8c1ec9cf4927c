"""Ways to depart from a good call."""

import json

import pytest

from receiptspec import dialect
from receiptspec.errors import ContractError
from receiptspec.neutral import Call
from receiptspec.variations import vary

BODY = {"AppId": 5, "Ids": [1, 2]}
GOOD = Call("ask", BODY)


@pytest.mark.parametrize(
    ("change", "raw"),
    [
        ({"head": ")]}',"}, b')]}\',{"AppId":5,"Ids":[1,2]}'),
        ({"tail": "\0rs"}, b'{"AppId":5,"Ids":[1,2]}\0rs'),
        ({"written": "in an array"}, b'[{"AppId":5,"Ids":[1,2]}]'),
        ({"written": "without a comma"}, b'{"AppId":5 "Ids":[1,2]}'),
        ({"written": "in single quotes"}, b"{'AppId':5,'Ids':[1,2]}"),
        (
            {"written": "with a byte that is no UTF-8"},
            b'{"AppId":5,"Ids":[1,2],"X":"\xff"}',
        ),
        ({"written": "backwards"}, b'{"Ids":[1,2],"AppId":5}'),
        ({"written": "with escapes"}, b'{"\\u0041ppId":5,"\\u0049ds":[1,2]}'),
        ({"written": "as a form"}, b"AppId=5&Ids=%5B1%2C+2%5D"),
        ({"written": "without quotes"}, b"{AppId:5,Ids:[1,2]}"),
    ],
)
def test_a_body_is_written_as_told(change, raw):
    assert vary(GOOD, change).raw == raw


@pytest.mark.parametrize("how", ["on lines", "with escapes", "in another way"])
def test_a_body_written_otherwise_is_the_same(how):
    good = Call("ask", {"Url": "a/b", "Items": [{"Id": 1, "X": '\n"y'}, {"Id": 2}]})
    raw = vary(good, {"written": how}).raw
    assert json.loads(raw) == good.body
    assert raw.startswith(b"\r\n") == (how != "with escapes")


def test_members_of_objects_in_lists_are_turned_too():
    good = Call("ask", {"Items": [{"Id": 1, "X": 2}]})
    assert vary(good, {"written": "backwards"}).raw == b'{"Items":[{"X":2,"Id":1}]}'


def test_a_body_in_a_text_is_that_body_once_it_is_taken_out():
    assert json.loads(json.loads(vary(GOOD, {"written": "as a text"}).raw)) == BODY


@pytest.mark.parametrize(
    ("change", "body"),
    [
        ({"add": {"AppId": 2**32}}, b'{"AppId":4294967301,"Ids":[1,2]}'),
        ({"add": {"AppId": 0.5}}, b'{"AppId":5.5,"Ids":[1,2]}'),
        ({"negate": ["AppId"]}, b'{"AppId":-5,"Ids":[1,2]}'),
        ({"plus": ["AppId"]}, b'{"AppId":+5,"Ids":[1,2]}'),
        ({"wrap": ["AppId", "Ids"]}, b'{"AppId":[5],"Ids":[[1,2]]}'),
    ],
)
def test_numbers_are_changed_and_the_good_call_is_not(change, body):
    assert dialect.dumps(vary(GOOD, {"body": change}).body) == body
    assert GOOD.body == {"AppId": 5, "Ids": [1, 2]}


def test_fields_of_items_get_other_names_or_none():
    good = Call("ask", {"Items": [{"Id": 1, "X": 2}, {"Id": 3}]})
    renamed = vary(good, {"body": {"inside": {"Items": {"Id": "id"}}}})
    assert renamed.body == {"Items": [{"id": 1, "X": 2}, {"id": 3}]}
    gone = vary(good, {"body": {"inside": {"Items": {"Id": None}}}})
    assert gone.body == {"Items": [{"X": 2}, {}]}
    assert renamed.label == "Items[].id instead of Id"


def test_what_is_not_known_is_an_error_of_the_contract():
    for change in ({"written": "in verse"}, {"colour": "blue"}):
        with pytest.raises(ContractError):
            vary(GOOD, change)


def test_values_are_named_as_json_writes_them():
    change = {"set": {"AppId": None, "Ids": ["a", True]}, "each": {"Ids": {"Id": False}}}
    label = vary(
        Call("ask", {"AppId": 1, "Ids": [{"Id": 1}]}), {"body": {"set": change["set"]}}
    ).label
    assert label == 'AppId=null, Ids=["a",true]'
    each = vary(Call("ask", {"Ids": [{"Id": 1}]}), {"body": {"each": change["each"]}}).label
    assert each == "Ids[].Id=false"
    assert vary(GOOD, {"everywhere": {"AppId": "x"}}).label == 'AppId="x"'


def test_each_departure_has_a_label_of_its_own():
    changes = [
        {"head": "x"},
        {"written": "as a text"},
        {"body": {"add": {"AppId": 1}}},
        {"body": {"plus": ["AppId"]}},
        {"body": {"wrap": ["AppId"]}},
    ]
    assert len({vary(GOOD, change).label for change in changes}) == len(changes)
