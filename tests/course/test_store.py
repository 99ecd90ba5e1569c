"""`course store` writes notebooks that are clean, and no others."""

import json

import nbformat
import pytest

CELLS = (
    "import sys\nprint('shown'); print('hidden', file=sys.stderr)\nprint('shown too')",
    "from IPython.display import Image, display\n"
    "display(Image(data=b'', format='png'), metadata={'image/png': {'alt': 'a figure'}})\n6 * 7",
    "",
)


def test_store_writes_a_clean_notebook(house):
    lesson = house.write_lesson("51_store", *CELLS, title="Kept", seconds=900)
    before = nbformat.read(lesson.path, as_version=4)
    assert house.course("run", "51").exit_code == 0
    assert house.course("store", "51").exit_code == 0
    text = lesson.path.read_text()
    after = nbformat.read(lesson.path, as_version=4)
    nbformat.validate(after)
    assert [cell.id for cell in after.cells] == [cell.id for cell in before.cells]
    assert [cell.source for cell in after.cells] == [cell.source for cell in before.cells]
    assert [cell.metadata for cell in after.cells] == [cell.metadata for cell in before.cells]
    code = [cell for cell in after.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4]
    [stream] = code[1].outputs
    assert (stream.name, stream.text) == ("stdout", "shown\nshown too\n")
    figure, value = code[2].outputs
    assert figure.metadata == {"image/png": {"alt": "a figure"}}
    assert (value.data["text/plain"], value.execution_count) == ("42", 3)
    assert after.metadata.kernelspec.name == "python3"
    assert after.metadata.language_info == {"name": "python"}
    assert set(after.metadata) == {"course", "kernelspec", "language_info"}
    assert after.metadata.course.title == "Kept"
    assert after.metadata.course.seconds % 5 == 0 < after.metadata.course.seconds < 900
    assert after.metadata.course.memory_mib % 100 == 0 < after.metadata.course.memory_mib
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    assert house.course("run", "51").output.count("up to date") == 1  # outputs are no change
    assert house.course("store", "51").exit_code == 0
    assert lesson.path.read_text() == text


@pytest.mark.parametrize("status", ["never", "changed", "path"])
def test_store_refuses(house, status):
    house.write_lesson("51_store", "import os\nprint(os.getcwd())")
    if status != "never":
        assert house.course("run", "51").exit_code == 0
    if status == "changed":
        house.write_lesson("51_store", "print(1)")
    result = house.course("store", "51")
    words = {
        "never": "not run yet",
        "changed": "the notebook changed",
        "path": f"cell 2 prints the path {house.root}/",
    }
    assert result.exit_code == 2
    assert words[status] in result.stderr
