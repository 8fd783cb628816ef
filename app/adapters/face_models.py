"""Finds the one face in a picture and says what it looks like, with two networks that the hospital supplies.

OpenCV reads both as its documentation describes them: a detector of YuNet's kind, a recogniser of SFace's.
Nothing here remembers a picture.
"""

import hashlib
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy
from PIL import Image, ImageOps, UnidentifiedImageError

from app.domain.faces import LARGEST, Embedding, FaceRefused, FaceUnavailable
from app.settings import Settings

_PIXELS = 16_000_000
"""Of one picture unpacked: more than a telephone's camera takes."""
_SIDE = 480
"""Pixels of the longer side in which faces are looked for: YuNet finds them up to some 300 wide."""
_SMALLEST = 80
"""Pixels of a face's width there: the recogniser sees 112, and one much smaller is mostly invented."""
_CERTAIN = 0.8
_OVERLAP = 0.3
_MOST = 50
"""Faces looked at: two are already too many."""

_BROKEN = FaceRefused("imagem", "A imagem não pôde ser lida. Envie uma foto inteira em JPEG ou PNG.")
_LARGE = FaceRefused("imagem-grande-demais", "A imagem é grande demais. Reduza a resolução e repita.")


class FaceModels:
    """Both networks, exactly the files that the settings name. Blocks: call it in a thread, one at a time."""

    def __init__(self, settings: Settings) -> None:
        folder = settings.face_models
        assert folder is not None  # noqa: S101 (asked by who makes it)
        # The processor is everybody's; a face may wait some milliseconds longer.
        cv2.setNumThreads(1)
        detector = _read(folder / "detector.onnx", settings.face_detector_sha256)
        recogniser = _read(folder / "recogniser.onnx", settings.face_recogniser_sha256)
        nothing = numpy.empty(0, numpy.uint8)
        # Typed as objects: OpenCV's own description of these overloads does not know byte buffers.
        detect: Any = cv2.FaceDetectorYN
        recognise: Any = cv2.FaceRecognizerSF
        try:
            self._detector = detect.create(
                "onnx", detector, nothing, (_SIDE, _SIDE), _CERTAIN, _OVERLAP, _MOST
            )
            self._recogniser = recognise.create("onnx", recogniser, nothing)
        except cv2.error as error:
            raise FaceUnavailable from error

    def embedding(self, picture: bytes) -> Embedding:
        """The one face of a JPEG or PNG. Raises FaceRefused: no picture, no face, two, or one far away;
        FaceUnavailable where a network is none of its kind."""
        image = _decode(picture)
        height, width = image.shape[:2]
        try:
            self._detector.setInputSize((width, height))
            _, faces = self._detector.detect(image)
            found = [] if faces is None else list(faces)
            if not found:
                raise FaceRefused("sem-rosto", "Nenhum rosto foi encontrado. Olhe para a câmera com boa luz.")
            if len(found) > 1:
                raise FaceRefused(
                    "varios-rostos", "Há mais de um rosto na imagem. Fique só diante da câmera."
                )
            if min(found[0][2:4]) < _SMALLEST:
                raise FaceRefused("rosto-pequeno", "O rosto está longe demais. Aproxime-se da câmera.")
            seen = self._recogniser.feature(self._recogniser.alignCrop(image, found[0])).flatten()
        except cv2.error as error:
            raise FaceUnavailable from error
        length = float(numpy.linalg.norm(seen))
        if not (numpy.isfinite(length) and length > 0):
            raise FaceUnavailable from ValueError("the recogniser answers with no direction")
        return tuple(float(one) for one in seen / length)


def _read(path: Path, expected: str | None) -> Any:
    """The bytes of a network; what was judged is what is loaded. Raises FaceUnavailable."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FaceUnavailable from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise FaceUnavailable from ValueError(f"{path.name} is not the file whose SHA-256 the settings name")
    return numpy.frombuffer(content, numpy.uint8)


def _decode(picture: bytes) -> Any:
    """Rows of blue, green and red, upright, no side longer than the detector's."""
    if len(picture) > LARGEST:
        raise _LARGE
    try:
        with Image.open(BytesIO(picture), formats=["JPEG", "PNG"]) as image:
            if image.width * image.height > _PIXELS:
                raise _LARGE
            image.draft("RGB", (2 * _SIDE, 2 * _SIDE))
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except Image.DecompressionBombError as error:
        raise _LARGE from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise _BROKEN from error
    upright.thumbnail((_SIDE, _SIDE))
    return numpy.ascontiguousarray(numpy.asarray(upright)[:, :, ::-1])
