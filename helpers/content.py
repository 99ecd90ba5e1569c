"""Describe values by their content, so that a file made with one value is not reused for another value.

Two descriptions are equal only if arrays have the same bytes, functions the same code and arguments, and
objects the same state. A description can be written as JSON and is the same in every process.
"""

import contextlib
import dataclasses
import dis
import functools
import hashlib
import os
import sysconfig
import types
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

_LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))
_DIGITS = 32  # hexadecimal digits kept of each SHA-256


def hash_array(array: np.ndarray) -> str:
    """Return dtype, shape and SHA-256 of an array of numbers or texts; raise TypeError for other arrays."""
    if array.dtype.hasobject:
        raise TypeError(f"an array of {array.dtype} has no bytes to compare; give numbers or texts")
    content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return f"{array.dtype.str} {list(array.shape)} {hashlib.sha256(content.data).hexdigest()[:_DIGITS]}"


def describe(value: Any) -> Any:
    """Return a description of a value, of types that JSON can hold; different values have different ones.

    A function of a library is described by its name. Any other function is described by its code, its default
    arguments, and the variables from outside that it reads, since two functions of one name, or two lambdas,
    may do different things. No function is called, so that no state changes.

    Raises:
        TypeError: a value whose content cannot be read, such as a generator.
    """
    return _describe(value, ())


def _describe(value: Any, above: tuple[int, ...]) -> Any:
    """Describe a value; `above` holds the ids of the values that contain it, to stop at a cycle."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, complex, bytes, slice, type(...))):
        return repr(value)  # JSON has no infinity
    if isinstance(value, (type, types.ModuleType, types.BuiltinFunctionType, np.ufunc)):
        return _name(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if id(value) in above:
        return "itself"
    above = (*above, id(value))
    if isinstance(value, Mapping):
        return {str(key): _describe(inner, above) for key, inner in value.items()}
    if isinstance(value, (list, tuple, deque)):
        return [_describe(inner, above) for inner in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_describe(inner, above) for inner in value), key=repr)
    if isinstance(value, functools.partial):
        parts = {"function": value.func, "args": value.args, "keywords": value.keywords}
        return _describe(parts, above)
    if isinstance(value, types.MethodType):
        return _describe({"function": value.__func__, "self": value.__self__}, above)
    if isinstance(value, types.FunctionType):
        return _describe_function(value, above)
    return _describe_object(value, above)


def _describe_function(function: types.FunctionType, above: tuple[int, ...]) -> Any:
    library = function.__code__.co_filename.startswith(_LIBRARIES)
    if library and function.__closure__ is None and function.__name__ != "<lambda>":
        return _name(function)
    parts = {
        "function": _name(function),
        "instructions": _hash_code(function.__code__, function.__doc__),
        "optional": [function.__defaults__, function.__kwdefaults__],
        "variables": _read_closure(function),
    }
    described = _describe(parts, above)
    described["globals"] = {}
    for name, value in {} if library else _read_globals(function).items():
        try:
            described["globals"][name] = _describe(value, above)
        except (TypeError, RecursionError):  # such as a client of a cluster: its type is enough
            described["globals"][name] = _name(type(value))
    return described


def _read_closure(function: types.FunctionType) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # the variable has no value yet
            found[name] = cell.cell_contents
    return found


def _read_globals(function: types.FunctionType) -> dict[str, Any]:
    """Return the global variables that a function or its inner functions read, with their current values."""
    found, waiting = {}, [function.__code__]
    while waiting:
        code = waiting.pop()
        waiting += [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
        names = {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
        found |= {name: function.__globals__[name] for name in names & function.__globals__.keys()}
    return dict(sorted(found.items()))


def _hash_code(code: types.CodeType, text: str | None = None) -> str:
    """Return a digest of code, without line numbers and without its docstring `text`."""
    constants = [
        _hash_code(one)
        if isinstance(one, types.CodeType)
        else ""
        if one is text
        else repr(_describe(one, ()))
        for one in code.co_consts
    ]
    parts = (code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:_DIGITS]


def _describe_object(value: Any, above: tuple[int, ...]) -> Any:
    if hasattr(value, "get_weights") and hasattr(value, "get_config"):  # a layer or a model of Keras
        weights = [hash_array(weight) for weight in value.get_weights()]
        return {"architecture": describe_architecture(value), "weights": weights}
    if hasattr(value, "__wrapped__"):
        return _describe(value.__wrapped__, above)
    parts = {"object": type(value)}
    if callable(value) and isinstance(call := type(value).__call__, types.FunctionType):
        parts["call"] = call
    if hasattr(value, "get_config"):
        state = value.get_config()
    elif dataclasses.is_dataclass(value):
        state = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    elif isinstance(value, np.random.Generator):
        state = value.bit_generator.state
    elif hasattr(value, "dtypes") or not hasattr(value, "__array__"):  # columns of a table differ in type
        state = _read_state(value)
    else:
        return hash_array(np.asarray(value))
    return _describe(parts | {"state": state}, above)


def _read_state(value: Any) -> Any:
    if hasattr(value, "to_dict") and hasattr(value, "dtypes"):  # pandas
        columns = value.items() if value.ndim == 2 else [(value.name, value)]
        return [value.index.tolist()] + [[name, str(one.dtype), one.tolist()] for name, one in columns]
    if state := getattr(value, "__dict__", None):
        return state
    try:
        return value.__reduce_ex__(2)[1:]
    except TypeError:
        kind = type(value).__name__
        raise TypeError(f"a {kind} does not show its content; give a function, a list or an array") from None


def _name(value: Any) -> str:
    name = getattr(value, "__qualname__", None) or value.__name__
    return f"{getattr(value, '__module__', None) or ''}.{name}".removeprefix(".")


def describe_architecture(model: Any) -> Any:
    """Return the layers of a Keras model with their settings, each name replaced by the layer's position.

    Keras numbers names within a process (`dense_1`, `dense_2`), so that equal models would seem to differ.
    """
    layers = model._flatten_layers()
    names = [one.name for layer in layers for one in [layer, *getattr(layer, "operations", ())]]
    places = {name: f"layer {place}" for place, name in enumerate(dict.fromkeys(names))}

    def clean(part: Any) -> Any:
        if isinstance(part, Mapping):
            kept = {key: clean(inner) for key, inner in part.items() if key != "shared_object_id"}
            name = kept.get("name")
            return kept | {"name": places.get(name, name)} if isinstance(name, str) else kept
        if isinstance(part, (list, tuple)):
            head, *rest = part or [None]
            return [places.get(head, head) if isinstance(head, str) else clean(head), *map(clean, rest)]
        return part

    try:
        return describe(clean(model.get_config()))
    except (NotImplementedError, TypeError):  # a class without a complete `get_config`
        return [_name(type(layer)) for layer in layers]
