# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes of Live Link Face: whole ones, damaged ones, and the actor's rest pose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from auto_rig_face.animation import capture_table, captures
from auto_rig_face.animation.capture_csv import read_csv
from auto_rig_face.animation.captures import Capture, calibrated, neutral_beside, read_capture
from auto_rig_face.animation.timecode import COUNTS
from auto_rig_face.errors import RigError
from auto_rig_face.vocabulary import ARKIT_SHAPES
from hypothesis import example, given
from hypothesis import strategies as st

TURNS = [
    *("HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll"),
    *("RightEyeYaw", "RightEyePitch", "RightEyeRoll"),
]
# The app lists shapes in an order of its own.
SHAPES = [name[0].upper() + name[1:] for name in sorted(ARKIT_SHAPES, key=lambda name: name[::-1])]
HEADER = ",".join(["Timecode", "BlendShapeCount", *SHAPES, *TURNS])
JAW = ARKIT_SHAPES.index("jawOpen")
TIME = 32 * 60 + 9  # seconds of the day at which takes begin
CAMERA = 1.0006  # frame numbers between two frames of a telephone's camera


def timecode(number: float, count: int) -> str:
    """Frames since midnight as the app writes them."""
    second, frame = divmod(round(number * 1000) / 1000, count)
    clock = f"{int(second) // 3600 % 24:02}:{int(second) // 60 % 60:02}:{int(second) % 60:02}"
    return f"{clock}:{frame:06.3f}"


def weights(frames: int) -> np.ndarray:
    """(F, 61) that differ in every cell."""
    waves = np.sin(np.arange(frames)[:, None] / 9.0 + np.arange(61)[None, :])
    return np.round(0.5 + 0.4 * waves, 10)


def row(code: str, values: np.ndarray) -> str:
    return ",".join([code, "61", *(f"{value:.10f}" for value in values)])


def take(frames: int = 150, count: int = 60, step: float = CAMERA, start: float = TIME) -> str:
    codes = [timecode(start * count + 7.867 + place * step, count) for place in range(frames)]
    rows = [row(code, values) for code, values in zip(codes, weights(frames), strict=True)]
    return "\n".join([HEADER, *rows]) + "\n"


def saved(folder: Path, text: str, name: str = "MySlate_1_iPhone.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def parsed(text: str) -> Capture:
    return read_csv(text, "take.csv", "take")


def in_order(frames: int) -> np.ndarray:
    """The weights of a take in the order of ARKIT_SHAPES."""
    places = [[name.lower() for name in SHAPES].index(name.lower()) for name in ARKIT_SHAPES]
    return weights(frames)[:, places]


def test_a_whole_take_is_read(tmp_path: Path) -> None:
    capture = read_capture(saved(tmp_path, take()))
    assert capture.name == "MySlate_1_iPhone"
    assert capture.rate == 60.0
    assert capture.notes == ()
    assert capture.neutral is None
    np.testing.assert_allclose(capture.times, np.arange(150) * CAMERA / 60.0, atol=2e-5)
    np.testing.assert_array_equal(capture.values, in_order(150))
    np.testing.assert_array_equal(capture.head, weights(150)[:, 52:55])
    np.testing.assert_array_equal(capture.eyes, weights(150)[:, [55, 56, 58, 59]])


@given(
    count=st.sampled_from(COUNTS),
    start=st.integers(0, 24 * 3600 - 1),
    frames=st.integers(130, 200),
    lost=st.sets(st.integers(1, 120), max_size=20),
)
@example(count=60, start=24 * 3600 - 1, frames=150, lost={53})  # midnight, its first frame lost
@example(count=120, start=24 * 3600 - 1, frames=130, lost=set())
def test_times_are_right_at_any_rate_from_any_instant_with_frames_lost(
    count: int, start: int, frames: int, lost: set[int]
) -> None:
    lines = take(frames, count, 1.0, start).splitlines()
    capture = parsed("\n".join(line for place, line in enumerate(lines) if place - 1 not in lost))
    kept = [place for place in range(frames) if place not in lost]
    assert capture.rate == count
    np.testing.assert_allclose(capture.times, np.array(kept) / count, atol=1e-9)
    assert any("missing" in note for note in capture.notes) == bool(lost)
    assert all(note.startswith(str(len(lost))) for note in capture.notes)


@given(order=st.permutations(range(52)), upper=st.booleans())
def test_columns_may_come_in_any_order_and_case(order: list[int], upper: bool) -> None:
    names = [SHAPES[place] for place in order]
    header = ",".join(["Timecode", "BlendShapeCount", *names])
    values = weights(3)[:, order]
    rows = [row(timecode(place, 60), values[place]) for place in range(3)]
    capture = parsed("\n".join([header.upper() if upper else header.lower(), *rows]))
    np.testing.assert_array_equal(capture.values, in_order(3))
    assert capture.head is None
    assert capture.eyes is None


def test_byte_order_mark_line_ends_and_blank_lines_make_no_difference(tmp_path: Path) -> None:
    text = "\ufeff" + take().replace("\n", "\r\n\r\n") + ",,,\r\n"
    capture = read_capture(saved(tmp_path, text))
    np.testing.assert_array_equal(capture.values, in_order(150))
    assert capture.notes == ()


def test_two_frames_to_a_timecode_frame_are_twice_as_many() -> None:
    assert parsed(take(150, 30, 0.5 * CAMERA)).rate == 60.0
    assert parsed(take(150, 60, 2.0 * CAMERA)).rate == 30.0


def test_drop_frame_timecode_runs_with_the_clock() -> None:
    codes = ["00:00:59;28.000", "00:00:59;29.000", "00:01:00;02.000", "00:01:00;03.000"]
    capture = parsed("\n".join([HEADER, *map(row, codes, weights(4))]))
    assert capture.rate == 30000 / 1001
    np.testing.assert_allclose(capture.times, np.arange(4) * 1001 / 30000, atol=1e-9)
    codes = ["00:00:00;00.000", "00:00:00;29.000", "00:00:01;01.000", "00:10:00;00.000"]
    capture = parsed("\n".join([HEADER, *map(row, codes, weights(4))]))
    # 17,982 frames at 29.97 a second.
    assert capture.times[-1] == pytest.approx(17982 * 1001 / 30000)


def test_a_take_within_one_second_says_that_its_rate_is_a_guess() -> None:
    capture = parsed(take(20))
    assert capture.rate == 60.0
    assert capture.notes == ("The take is too short to show its frame rate; 60 is assumed.",)


def test_doubled_and_swapped_rows_are_put_right() -> None:
    lines = take().splitlines()
    lines[40:41] = [lines[40], lines[40]]
    lines[90], lines[91] = lines[91], lines[90]
    capture = parsed("\n".join(lines))
    np.testing.assert_array_equal(capture.values, in_order(150))
    assert capture.notes == ("1 frame that the file holds twice was left out.",)


@pytest.mark.parametrize("lost", ["{},0", "{},0" + "," * 61, "{},0" + ",0.0000000000" * 61])
def test_frames_without_a_face_are_left_out(lost: str) -> None:
    lines = take().splitlines()
    for place in (30, 31):
        lines[place] = lost.format(lines[place].split(",")[0])
    capture = parsed("\n".join(lines))
    np.testing.assert_array_equal(capture.values, np.delete(in_order(150), [29, 30], axis=0))
    assert capture.notes == ("2 frames show no face and were left out.",)


def test_shapes_that_the_file_lacks_stay_at_rest_and_are_told() -> None:
    capture = parsed(take().replace("TongueOut", "Extra").replace("JawOpen", "Another"))
    assert not capture.values[:, JAW].any()
    assert capture.notes == ("Not in the file, so at rest all the time: jawOpen and tongueOut.",)


def test_rotations_that_were_not_recorded_are_none() -> None:
    values = weights(3)
    values[:, 52:] = 0.0
    rows = [row(timecode(place, 60), values[place]) for place in range(3)]
    capture = parsed("\n".join([HEADER, *rows]))
    assert capture.head is None
    assert capture.eyes is None


def test_a_last_line_that_is_cut_off_is_left_out() -> None:
    capture = parsed(take()[:-200])
    assert len(capture.times) == 149
    assert capture.notes == ("The last line of the file is cut off and was left out.",)


def test_weights_beyond_one_are_kept() -> None:
    assert parsed(take().replace("61,0.", "61,1.")).values.max() > 1.0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("61,0.", "61,nan0.", "isn't a number"),
        ("61,0.", '61,"0,5', "as a table"),
        (",61,", ",61,NaN,", "decimal commas"),
        (",61,0", ",61,inf,0", "decimal commas"),
        ("Timecode", "Time", "Timecode column"),
        (":07.867", ":07,867", "decimal commas"),
        (":07.867", ".07.867", "timecode such as"),
        ("00:32:09:", "24:32:09:", "timecode such as"),
        ("00:32:09:07", "00:32:09:733", "above 119"),
        ("JawOpen", "EyeBlink_L", "twice"),
        ("00:32:10", "00:31:10", "go back"),
        ("00:32:11", "09:32:11", "an hour"),
    ],
)
def test_a_damaged_take_is_refused_in_words(old: str, new: str, told: str) -> None:
    with pytest.raises(RigError, match=told) as refusal:
        parsed(take().replace(old, new))
    assert "take.csv" in refusal.value.problem
    assert refusal.value.remedy


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", "", "1e999"])
def test_what_is_no_number_is_told_with_its_place(value: str) -> None:
    lines = take().splitlines()
    cells = lines[41].split(",")
    cells[2 + SHAPES.index("JawOpen")] = value
    lines[41] = ",".join(cells)
    with pytest.raises(RigError, match=r"Line 42 of take\.csv .*JawOpen"):
        parsed("\n".join(lines))


def test_decimal_commas_are_refused_as_such() -> None:
    spreadsheet = take().replace(",", ";").replace(".", ",")
    quoted = take().replace("61,", '61,"0,5",', 1).replace(",0.", ",", 1)
    for text in (spreadsheet, quoted):
        with pytest.raises(RigError, match="decimal comma"):
            parsed(text)


@pytest.mark.parametrize("text", ["", "\n\n", HEADER, HEADER + "\n00:00:00:01.000,0,,,"])
def test_a_take_without_frames_is_refused(text: str) -> None:
    with pytest.raises(RigError):
        parsed(text)


def test_files_that_are_no_takes_are_refused(tmp_path: Path) -> None:
    video = tmp_path / "MySlate_1_iPhone.mov"
    video.write_bytes(bytes(range(256)))
    for path in (video, tmp_path, tmp_path / "none.csv", saved(tmp_path, take(1))):
        with pytest.raises(RigError) as refusal:
            read_capture(path)
        assert path.name in refusal.value.problem


def test_files_beyond_the_limits_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path, take())
    monkeypatch.setitem(captures.MOST_MEGABYTES, "csv", 0)
    with pytest.raises(RigError, match="0 megabytes"):
        read_capture(path)
    monkeypatch.undo()
    monkeypatch.setattr(capture_table, "MOST_FRAMES", 149)
    with pytest.raises(RigError, match="more than 149 frames"):
        read_capture(path)


def test_the_rest_pose_beside_a_raw_take_is_read(tmp_path: Path) -> None:
    raw = saved(tmp_path, take(), "MySlate_1_iPhone_raw.csv")
    finished = saved(tmp_path, take(), "MySlate_1_iPhone_cal.csv")
    assert read_capture(raw).neutral is None
    rest = saved(tmp_path, take(1), "MySlate_1_iPhone_neutral.csv")
    np.testing.assert_allclose(read_capture(raw).neutral, in_order(1)[0])
    assert neutral_beside(tmp_path / "MySlate_1_iPhone.csv") == rest
    # What the app has calibrated must not be calibrated again.
    assert read_capture(finished).neutral is None
    rest.write_text("Timecode\n")
    capture = read_capture(raw)
    assert capture.neutral is None
    assert any("rest pose" in note for note in capture.notes)


rest_poses = st.lists(st.floats(0.0, 0.9), min_size=52, max_size=52)
recorded = st.lists(st.floats(-0.5, 2.0), min_size=52, max_size=52)


@given(rest=rest_poses, weight=recorded)
def test_calibration_puts_the_rest_pose_at_zero_and_keeps_one(
    rest: list[float], weight: list[float]
) -> None:
    neutral, values = np.array(rest), np.array([weight, rest, [1.0] * 52])
    capture = Capture(np.arange(3) / 60.0, values, None, None, 60.0, "take", (), neutral)
    result = calibrated(capture, neutral)
    assert not result.values[1].any()
    np.testing.assert_array_equal(result.values[2], 1.0)
    assert (result.values >= 0.0).all()
    above = values > 1.0
    np.testing.assert_array_equal(result.values[above], values[above])
    assert (result.values[~above] <= 1.0).all()
    assert result.neutral is None


def test_a_rest_pose_that_leaves_nothing_to_move_is_refused() -> None:
    capture = parsed(take())
    neutral = np.zeros(52)
    neutral[JAW] = 0.97
    with pytest.raises(RigError, match="jawOpen"):
        calibrated(replace(capture, neutral=neutral), neutral)
