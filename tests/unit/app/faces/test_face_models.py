"""From a picture to numbers, through OpenCV itself: drawings and networks of ours stand in for the real.

That a real model tells people apart is its makers' claim and the hospital's to measure: no test here says so.
"""

import hashlib
import sys
from pathlib import Path

import pytest
from PIL import Image

from app.adapters.face_models import FaceModels
from app.domain.faces import LARGEST, FaceRefused, FaceUnavailable, likeness, packed, unpacked
from app.services.face_reading import FaceReading
from app.settings import Settings, SettingsError
from tests.unit.app.faces.networks import drawing, file, write

ANA, BRUNO = 1, 2
LEFT_HAND_SIDE_UP = 6
"""EXIF's word for a picture taken with the telephone held upright."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the settings say of the networks."""
    return write(tmp_path_factory.mktemp("models"))


def settings(told: dict[str, str], **others: str) -> Settings:
    """A service with those networks."""
    return Settings.model_validate({"credentials": told["face_models"]} | told | others)


@pytest.fixture(scope="module")
def models(told: dict[str, str]) -> FaceModels:
    """Both networks, read by OpenCV."""
    return FaceModels(settings(told))


def turned(image: Image.Image) -> bytes:
    """The same picture, lying on its side, with a note that says so."""
    exif = Image.Exif()
    exif[0x0112] = LEFT_HAND_SIDE_UP
    return file(image.transpose(Image.Transpose.ROTATE_90), exif=exif)


@pytest.mark.parametrize(
    "picture",
    [
        file(drawing(ANA), "PNG"),
        file(drawing(ANA, shift=2)),
        file(drawing(ANA, light=0.6)),
        file(drawing(ANA), quality=40),
        file(drawing(ANA).resize((960, 704), Image.Resampling.NEAREST)),
        file(drawing(ANA).convert("RGBA"), "PNG"),
        turned(drawing(ANA)),
    ],
    ids=["png", "moved", "darker", "compressed", "larger", "transparent", "turned"],
)
def test_the_same_person_is_alike_however_the_picture_was_taken(models: FaceModels, picture: bytes) -> None:
    seen = models.embedding(picture)
    assert likeness(models.embedding(file(drawing(ANA))), seen) > 0.95
    assert likeness(models.embedding(file(drawing(BRUNO))), seen) < 0.5


def test_numbers_have_length_one_and_survive_being_packed(models: FaceModels) -> None:
    seen = models.embedding(file(drawing(ANA)))
    assert sum(one * one for one in seen) == pytest.approx(1, abs=1e-5)
    assert unpacked(packed(seen)) == pytest.approx(seen)


@pytest.mark.parametrize(
    ("picture", "cause"),
    [
        (file(drawing()), "sem-rosto"),
        (file(drawing(ANA, BRUNO)), "varios-rostos"),
        (b"", "imagem"),
        (b"\xff\xd8\xff", "imagem"),
        (file(drawing(ANA))[:2000], "imagem"),
        (file(drawing(ANA), "GIF"), "imagem"),
        (file(drawing(ANA), "TIFF"), "imagem"),
        (file(Image.new("L", (5000, 4000)), "PNG"), "imagem-grande-demais"),
        (file(Image.new("1", (20_000, 20_000)), "PNG"), "imagem-grande-demais"),
        (b"\xff\xd8\xff" + bytes(LARGEST), "imagem-grande-demais"),
    ],
    ids=["nobody", "two", "empty", "begun", "cut", "gif", "tiff", "pixels", "bomb", "bytes"],
)
def test_a_picture_without_one_clear_face_is_refused(models: FaceModels, picture: bytes, cause: str) -> None:
    with pytest.raises(FaceRefused) as refused:
        models.embedding(picture)
    assert refused.value.more == {"causa": cause}


def test_a_face_far_away_is_refused(tmp_path: Path) -> None:
    far = FaceModels(settings(write(tmp_path, face=64)))
    with pytest.raises(FaceRefused, match="imagem-do-rosto-recusada") as refused:
        far.embedding(file(drawing(ANA)))
    assert refused.value.more == {"causa": "rosto-pequeno"}


@pytest.mark.parametrize("name", ["detector", "recogniser"])
def test_a_network_that_is_not_the_named_one_is_not_loaded(told: dict[str, str], name: str) -> None:
    with pytest.raises(FaceUnavailable) as refused:
        FaceModels(settings(told, **{f"face_{name}_sha256": "0" * 64}))
    assert f"{name}.onnx" in str(refused.value.__cause__)


def test_a_file_that_is_no_network_is_not_loaded(told: dict[str, str], tmp_path: Path) -> None:
    for name in ("detector", "recogniser"):
        (tmp_path / f"{name}.onnx").write_bytes(b"no network")
    digest = hashlib.sha256(b"no network").hexdigest()
    said = {"face_models": str(tmp_path), "face_detector_sha256": digest, "face_recogniser_sha256": digest}
    with pytest.raises(FaceUnavailable):
        FaceModels(settings(told | said))


@pytest.mark.asyncio
async def test_without_the_library_the_factor_alone_is_away(
    told: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.delitem(sys.modules, "app.adapters.face_models")
    with pytest.raises(FaceUnavailable):
        await FaceReading(settings(told)).see(file(drawing(ANA)))


@pytest.mark.asyncio
async def test_without_the_files_the_factor_alone_is_away(told: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(FaceUnavailable):
        await FaceReading(settings(told, face_models=str(tmp_path))).see(file(drawing(ANA)))


@pytest.mark.parametrize("missing", ["face_detector_sha256", "face_recogniser_sha256", "credentials"])
def test_models_without_a_name_or_a_key_are_refused_at_the_start(told: dict[str, str], missing: str) -> None:
    environment = {f"PRONTUARIO_{name.upper()}": value for name, value in told.items() if name != missing}
    if missing != "credentials":
        environment["CREDENTIALS_DIRECTORY"] = told["face_models"]
    with pytest.raises(SettingsError, match="PRONTUARIO_FACE_MODELS needs"):
        Settings.from_environment(environment)
