"""Drawings that stand for faces, and two small networks that tell them apart.

They answer as YuNet and SFace do, name by name and shape by shape, so OpenCV reads them as it reads those; of
recognising people they know nothing. A drawing is a red square for the nose, around it 8 x 8 fields of grey
that are the person's own.
"""

import hashlib
import math
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

CELL = 32
"""Pixels of the nose, which lies on the grid of the detector's coarsest stride."""
_FACE = 128
_SEEN = 112
_NOSE = (56, 72)
_POINTS = ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041))
"""Where the recogniser wants eyes, nose and mouth, in its 112 x 112 pixels."""
_FIELDS = 8


def drawing(
    *people: int, shift: int = 0, light: float = 1.0, size: tuple[int, int] = (480, 352)
) -> Image.Image:
    """These people side by side. shift: cells to the right; light: 1 as it is, less is darker."""
    canvas = numpy.full((size[1], size[0], 3), 90, numpy.uint8)
    for place, person in enumerate(people):
        left, top = (3 + shift + 8 * place) * CELL, 4 * CELL
        fields = numpy.random.default_rng(person).integers(0, 256, (_FIELDS, _FIELDS), numpy.uint8)
        grey = numpy.kron(fields, numpy.ones((_FACE // _FIELDS, _FACE // _FIELDS), numpy.uint8))
        # The nose is the middle of its cell, and lies lower than the middle of the head.
        x = left + CELL // 2 - _NOSE[0] * _FACE // _SEEN
        y = top + CELL // 2 - _NOSE[1] * _FACE // _SEEN
        canvas[y : y + _FACE, x : x + _FACE] = (grey * light).astype(numpy.uint8)[:, :, None]
        canvas[top : top + CELL, left : left + CELL] = (255, 0, 0)
    return Image.fromarray(canvas)


def file(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """The picture as a camera sends it."""
    written = BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def write(folder: Path, *, face: int = _FACE) -> dict[str, str]:
    """Both networks in ``folder``, and what the settings are told of them. face: pixels of each one found."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {"face_models": str(folder)}
    for name, model in (("detector", detector(face)), ("recogniser", recogniser())):
        content = model.SerializeToString()
        (folder / f"{name}.onnx").write_bytes(content)
        told[f"face_{name}_sha256"] = hashlib.sha256(content).hexdigest()
    return told


def detector(face: int = _FACE) -> onnx.ModelProto:
    """Finds red cells, and calls the surroundings of each a face."""
    shapes = {"box": [0.5, 0.5, math.log(face / CELL), math.log(face / CELL)], "points": []}
    scale = _FACE / _SEEN / CELL
    for x, y in _POINTS:
        shapes["points"] += [0.5 + (x - _NOSE[0]) * scale, 0.5 + (y - _NOSE[1]) * scale]
    constants = {
        # The input is blue, green, red.
        "red": numpy.array([0, -1 / 255, 1 / 255], numpy.float32).reshape(1, 3, 1, 1),
        "sharper": numpy.full((1, 1, 1, 1), 10, numpy.float32),
        "offset": numpy.full((1,), -5, numpy.float32),
        "nothing": numpy.full((1,), -5, numpy.float32),
        "blind": numpy.zeros((1, 1, 1, 1), numpy.float32),
        "low": numpy.array(0, numpy.float32),
        "high": numpy.array(1, numpy.float32),
    }
    nodes = [helper.make_node("Conv", ["input", "red"], ["redness"])]
    outputs = []
    for stride in (8, 16, 32):
        pool = f"pool_{stride}"
        nodes.append(
            helper.make_node(
                "AveragePool", ["redness"], [pool], kernel_shape=[stride] * 2, strides=[stride] * 2
            )
        )
        told = ["sharper", "offset"] if stride == CELL else ["blind", "nothing"]
        nodes.append(helper.make_node("Conv", [pool, *told], [f"raw_{stride}"]))
        nodes.append(helper.make_node("Clip", [f"raw_{stride}", "low", "high"], [f"score_{stride}"]))
        for name, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            source = f"score_{stride}"
            if width > 1:
                values = shapes["box" if width == 4 else "points"]
                constants[f"{name}_{stride}_w"] = numpy.zeros((width, 1, 1, 1), numpy.float32)
                constants[f"{name}_{stride}_b"] = numpy.array(values, numpy.float32)
                source = f"{name}_{stride}_map"
                nodes.append(
                    helper.make_node("Conv", [pool, f"{name}_{stride}_w", f"{name}_{stride}_b"], [source])
                )
            last = f"{name}_{stride}"
            constants[f"{last}_shape"] = numpy.array([1, -1, width], numpy.int64)
            nodes.append(helper.make_node("Transpose", [source], [f"{last}_t"], perm=[0, 2, 3, 1]))
            nodes.append(helper.make_node("Reshape", [f"{last}_t", f"{last}_shape"], [last]))
            outputs.append(helper.make_tensor_value_info(last, TensorProto.FLOAT, [1, None, width]))
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, "height", "width"])
    return _model(nodes, given, outputs, constants)


def recogniser() -> onnx.ModelProto:
    """How bright each field is, compared with all of them."""
    constants = {"grey": numpy.full((1, 3, 1, 1), 1 / 3, numpy.float32)}
    field = [_SEEN // _FIELDS] * 2
    nodes = [
        helper.make_node("Conv", ["data", "grey"], ["brightness"]),
        helper.make_node("AveragePool", ["brightness"], ["fields"], kernel_shape=field, strides=field),
        helper.make_node("Flatten", ["fields"], ["flat"], axis=1),
        helper.make_node("ReduceMean", ["flat"], ["middle"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["flat", "middle"], ["fc1"]),
    ]
    given = helper.make_tensor_value_info("data", TensorProto.FLOAT, [1, 3, _SEEN, _SEEN])
    answer = helper.make_tensor_value_info("fc1", TensorProto.FLOAT, [1, _FIELDS**2])
    return _model(nodes, given, [answer], constants)


def _model(
    nodes: list[onnx.NodeProto],
    given: onnx.ValueInfoProto,
    outputs: list[onnx.ValueInfoProto],
    constants: Mapping[str, Any],
) -> onnx.ModelProto:
    kept = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "drawings", [given], outputs, kept)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return model
