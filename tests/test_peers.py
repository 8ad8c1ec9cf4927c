"""The parts of benchmarks/peers that need no other tool."""

from collections import Counter
from types import SimpleNamespace

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from benchmarks.peers.__main__ import sampled
from benchmarks.peers.contestants import _COMPLAINT
from benchmarks.peers.seeding import Facts, _live, document
from receiptspec.reference.faults import FAULTS

CLASSES = {fault.cls for fault in FAULTS.values()}
SERVER = SimpleNamespace(url="http://127.0.0.1:1", sdkappid=1400000000, identifier="administrator")


@pytest.mark.parametrize("seed", [1, 2])
def test_a_sample_has_every_class_and_repeats(seed):
    names = sampled(40, seed)
    assert len(set(names)) == len(names) == 40
    assert {FAULTS[name].cls for name in names} == CLASSES
    assert names == sampled(40, seed)
    assert names[:20] == sampled(20, seed)


def test_large_classes_are_sampled_more_often():
    taken = Counter(FAULTS[name].cls for name in sampled(80, 1))
    sizes = Counter(fault.cls for fault in FAULTS.values())
    assert taken[max(sizes, key=sizes.get)] == max(taken.values())


def test_all_faults_can_be_taken():
    assert set(sampled(10_000, 1)) == set(FAULTS)


@pytest.mark.parametrize("mapped", [True, False])
def test_the_document_of_a_server_is_valid_and_names_what_exists(mapped):
    facts = Facts("a-usersig", _live([1, 2], ["1_2_3"]))
    made = document(SERVER, facts, map_refusals=mapped)
    assert list(OpenAPIV31SpecValidator(made).iter_errors()) == []
    entry = made["paths"]["/v4/group_open_http_svc/get_group_msg_receipt"]["post"]
    fixed = {one["name"]: one["schema"].get("const") for one in entry["parameters"]}
    assert fixed["usersig"] == "a-usersig"
    assert fixed["sdkappid"] == "1400000000"
    example = entry["requestBody"]["content"]["application/json"]["examples"]["example-1"]
    assert example["value"]["GroupId"] == "peers-main"
    assert ("400" in entry["responses"]) is mapped


def test_failures_are_read_from_the_summary():
    text = (
        "Test Phases:\n  ❌ Fuzzing\nFailures:\n  ❌ ST201 Schema-violating request accepted: 2\n"
    )
    assert _COMPLAINT.findall(text) == ["ST201 Schema-violating request accepted: 2"]
