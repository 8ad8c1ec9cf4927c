"""Imports only go down: the floors of the package, from the ground up."""

import ast
from pathlib import Path

import receiptspec

ROOT = Path(receiptspec.__file__).parent

FLOORS = [
    {"addresses", "errors", "footprints", "forked", "resources", "strictjson", "yamltext"},
    {"exchange", "dialect", "journal"},
    {"fitting"},
    {"findings", "webhooks"},
    {"contract", "targets", "jsonschemas"},
    {"neutral", "alternatives", "targetfile"},
    {"texts", "boundaries", "breakages", "strategies", "mutations"},
    {"checks", "variations", "traceability", "openapi"},
    {"shared"},
    {"budgets", "limits"},
    {"rates"},
    {"client", "harness", "drivers", "reference"},
    {"witnesses", "steps", "dealings", "clocks", "waits"},
    {"line"},
    {"calling", "cleaning", "hooks", "notices"},
    {"talk"},
    {"company"},
    {"stage"},
    {"scenes", "model"},
    {"case"},
    {"results", "recorded", "deviations", "traffic"},
    {"run", "doctor"},
    {"report"},
    {"book"},
    {"distribution"},
    {"plugin"},
    {"session"},
    {"proving"},
    {"commands"},
    {"cli", "__main__"},
]
HEIGHT = {name: height for height, floor in enumerate(FLOORS) for name in floor}
BESIDE = {"reference": {"errors", "forked", "resources", "strictjson", "contract"}}


def part(path):
    relative = path.relative_to(ROOT)
    return relative.parts[0].removesuffix(".py")


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("receiptspec"):
            names = [node.module] if "." in node.module else []
            names += [f"{node.module}.{alias.name}" for alias in node.names] if not names else []
            yield from (name.split(".")[1] for name in names)
        elif isinstance(node, ast.Import):
            yield from (
                alias.name.split(".")[1]
                for alias in node.names
                if alias.name.startswith("receiptspec.")
            )


def modules():
    return [path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem != "__init__"]


def test_every_module_has_a_floor():
    assert {part(path) for path in modules()} == set(HEIGHT)


def test_imports_only_go_down():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules()
        for name in imports(path)
        if name in HEIGHT and name != part(path) and HEIGHT[name] > HEIGHT[part(path)]
    ]
    assert wrong == []


def test_the_reference_stands_beside():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules()
        for name in imports(path)
        if part(path) in BESIDE and name in HEIGHT and name not in {part(path), *BESIDE[part(path)]}
    ]
    assert wrong == []


def test_suites_name_no_vendor():
    from receiptspec import contract, resources

    for file in resources.path("suites").glob("*.py"):
        text = file.read_text(encoding="utf-8").lower()
        assert [name for name in contract.vendors() if name in text] == [], file.name
