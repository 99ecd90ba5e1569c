"""The rooms of `helpers/`: imports go one way, as the table in CONTRIBUTING.md says."""

import ast
import re
from graphlib import TopologicalSorter

from helpers.paths import ROOT

HELPERS = ROOT / "helpers"


def name_module(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def list_imports(path, modules):
    """Return the modules of `helpers` that a file imports, at the top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively; write helpers.{node.module}"
            # `from helpers.data import load` names a room, `from helpers.search import genome` a module
            inside = {f"{node.module}.{alias.name}" for alias in node.names} & modules
            found |= inside or {node.module}
    return found & modules


def read_imports():
    files = {name_module(path): path for path in HELPERS.rglob("*.py")}
    return {module: list_imports(path, files.keys()) for module, path in files.items()}


def find_room(module):
    return module.split(".")[1]


def read_table():
    """Return the rows of the table of rooms: the rooms of each, and what they import."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("| room |")[2].partition("\n\n")[0]
    rows = [line.split("|")[1:4] for line in table.splitlines()[2:]]
    return [(re.findall(r"`(\w+)/?`", room), set(re.findall(r"`(\w+)/?`", of))) for room, _, of in rows]


def test_the_table_names_every_room_and_what_it_imports():
    imports = read_imports()
    listed = {room: of for rooms, of in read_table() for room in rooms}
    there = {
        path.stem for path in HELPERS.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert listed.keys() == there - {"__init__"}
    for room, of in listed.items():
        modules = [module for module in imports.keys() - {"helpers"} if find_room(module) == room]
        used = {find_room(one) for module in modules for one in imports[module] if one != "helpers"}
        assert used - {room} == of, (
            f"{room} imports {sorted(used - {room})}; CONTRIBUTING.md says {sorted(of)}"
        )


def test_a_room_imports_only_rooms_above_it():
    above = set()
    for rooms, of in read_table():
        assert of <= above, (
            f"{', '.join(rooms)} imports {sorted(of - above)}, which is not above in CONTRIBUTING.md"
        )
        above |= set(rooms)


def test_no_circle_of_modules():
    # What a room offers to lessons is gathered in its `__init__`, which therefore imports the room's modules.
    imports = {module: of for module, of in read_imports().items() if not is_package(module)}
    plain = {module: {one for one in of if not is_package(one)} for module, of in imports.items()}
    assert len(list(TopologicalSorter(plain).static_order())) == len(plain)


def is_package(module):
    return (ROOT / module.replace(".", "/")).is_dir()
