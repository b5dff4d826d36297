# SPDX-License-Identifier: GPL-3.0-or-later
"""Drive a real Blender window: blender --python harness.py -- CONFIGURATION.json.

A scenario is a file tests/gui/scenario_*.py with ``def run(gui): ...``, a generator. Between two
``yield`` Blender runs its event loop:

- ``yield`` or ``yield 0.5`` waits a moment, in seconds;
- ``yield lambda: condition`` waits until the condition holds, at most gui.patience seconds;
- ``yield from gui.press("auto_rig_face.rig")`` and the like wait until they are done.

A scenario fails by raising, for which plain ``assert`` is enough.
"""

from __future__ import annotations

import importlib.util
import json
import struct
import sys
import time
import traceback
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import bpy
import numpy as np

Step = float | Callable[[], object] | None
Steps = Generator[Step, None, Any]
TAB = "Auto-Rig Face"
TICK = 0.05  # seconds


class Gui:
    """The window, as a user has it: eyes (screenshots), a mouse and a keyboard."""

    def __init__(self, out: Path, heads: Path, framebuffer: Path) -> None:
        self.out = out
        self.heads = heads
        self.patience = 60.0
        self._framebuffer = framebuffer

    @property
    def window(self) -> bpy.types.Window:
        return bpy.context.window_manager.windows[0]

    @property
    def area(self) -> bpy.types.Area:
        """The 3D Viewport."""
        return next(area for area in self.window.screen.areas if area.type == "VIEW_3D")

    def region(self, kind: str = "UI") -> bpy.types.Region:
        """A region of the 3D Viewport; the sidebar unless said otherwise."""
        return next(region for region in self.area.regions if region.type == kind)

    def context(self) -> AbstractContextManager[None]:
        """``with gui.context():`` runs operators as if the mouse were over the 3D Viewport."""
        return bpy.context.temp_override(
            window=self.window, area=self.area, region=self.region("WINDOW")
        )

    def head(self, name: str) -> Path:
        """A .blend of a demonstration head: "amara" or "pip"."""
        return self.heads / f"{name}.blend"

    def open(self, path: Path) -> Steps:
        """Open a .blend file, shown with its textures."""
        with self.context():
            bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False)
        self.area.spaces.active.shading.color_type = "TEXTURE"
        yield 0.5

    def show(self, name: str) -> Steps:
        """Open a demonstration head, select it alone, and look at it from the front."""
        yield from self.open(self.head(name))
        head = bpy.data.objects[name]
        for obj in bpy.context.view_layer.objects:
            obj.select_set(obj == head)
        bpy.context.view_layer.objects.active = head
        with self.context():
            bpy.ops.view3d.view_axis(type="FRONT")
            bpy.ops.view3d.view_selected()

    def screenshot(self, name: str) -> Path:
        """What is on the screen, as a PNG in the scenario's folder."""
        path = self.out / f"{name}.png"
        path.write_bytes(_png(_read_screen(self._framebuffer)))
        return path

    def move(self, x: float, y: float) -> None:
        """Move the mouse to a place in the window, in pixels from its lower left corner."""
        self.window.event_simulate(type="MOUSEMOVE", value="NOTHING", x=int(x), y=int(y))
        self._mouse = int(x), int(y)

    def key(self, name: str, *, ctrl: bool = False, shift: bool = False) -> None:
        """Press and release a key, such as "ESC" or "Z", with the mouse where it is."""
        x, y = self._mouse
        for value in ("PRESS", "RELEASE"):
            self.window.event_simulate(type=name, value=value, x=x, y=y, ctrl=ctrl, shift=shift)

    def type(self, letter: str) -> None:
        """Type a letter from a to z."""
        x, y = self._mouse
        self.window.event_simulate(type=letter.upper(), value="PRESS", unicode=letter, x=x, y=y)
        self.window.event_simulate(type=letter.upper(), value="RELEASE", x=x, y=y)

    def wheel_down(self) -> None:
        """Turn the mouse's wheel one step, with the mouse where it is."""
        x, y = self._mouse
        self.window.event_simulate(type="WHEELDOWNMOUSE", value="PRESS", x=x, y=y)

    def scroll_sidebar(self, steps: int = 40) -> Steps:
        """Turn the wheel over the sidebar, down to what lies below."""
        sidebar = self.region()
        self.move(sidebar.x + sidebar.width * 0.4, sidebar.y + sidebar.height / 2)
        yield from self.scroll(steps)

    def scroll(self, steps: int) -> Steps:
        """Turn the wheel down with the mouse where it is, and wait for what it shows."""
        for _ in range(steps):
            self.wheel_down()
            yield 0.02
        yield 0.5

    def click(self, x: float, y: float) -> Steps:
        """Click with the left mouse button."""
        self.move(x, y)
        yield 0.1
        for value in ("PRESS", "RELEASE"):
            self.window.event_simulate(type="LEFTMOUSE", value=value, x=int(x), y=int(y))
            yield 0.1

    def open_tab(self, tab: str = TAB) -> Steps:
        """Show the sidebar with one of its tabs."""
        self.area.spaces.active.show_region_ui = True
        yield 0.3
        self.region().active_panel_category = tab
        self.area.tag_redraw()
        yield lambda: self.region().active_panel_category == tab and self.region().width > 50
        yield 0.3

    def find_button(self, operator: str, setting: str = "", column: float = 0.45) -> Steps:
        """Where the button of ``operator`` ("group.name") is in the sidebar: (x, y); of several the
        one with ``setting`` in its command. ``column``: the share of the width to look at.

        Points at one place after the other and asks Blender, by Ctrl+C, which command is there.
        """
        region = self.region()
        x = region.x + region.width * column
        for y in range(region.y + region.height - 12, region.y + 8, -9):
            command = yield from self.copied_at(x, y)
            if command.startswith(f"bpy.ops.{operator}(") and setting in command:
                return x, y
        raise LookupError(f"No button of {operator} was found in the sidebar.")

    def copied_at(self, x: float, y: float) -> Steps:
        """What Ctrl+C copies at a place: a button's command, a field's value."""
        manager = bpy.context.window_manager
        manager.clipboard = ""
        self.move(x - 2, y)
        yield TICK
        self.move(x, y)
        yield TICK
        self.key("C", ctrl=True)
        yield 2 * TICK
        return manager.clipboard

    def press(self, operator: str, setting: str = "", column: float = 0.45) -> Steps:
        """Find the button of an operator in the sidebar and click it."""
        x, y = yield from self.find_button(operator, setting, column)
        yield from self.click(x, y)

    def find_field(self, value: str, kind: str = "HUD") -> Steps:
        """Where a field with this value is in a region of the 3D Viewport: (x, y)."""
        region = self.region(kind)
        for y in range(region.y + region.height - 6, region.y + 4, -8):
            for share in (0.6, 0.8):
                x = region.x + region.width * share
                if (yield from self.copied_at(x, y)).startswith(value):
                    return x, y
        raise LookupError(f"No field with the value {value} was found in the region {kind}.")

    def paste_at(self, x: float, y: float, value: str) -> Steps:
        """Point at a field and put ``value`` in by Ctrl+V."""
        bpy.context.window_manager.clipboard = value
        self.move(x - 2, y)
        yield TICK
        self.move(x, y)
        yield TICK
        self.key("V", ctrl=True)
        yield 0.3


def _read_screen(framebuffer: Path) -> np.ndarray:
    """The virtual screen's memory, in the X window dump format, as (H, W, 3) uint8."""
    data = framebuffer.read_bytes()
    header = struct.unpack(">25I", data[:100])
    size, width, height, row, colours = header[0], header[4], header[5], header[12], header[19]
    start = size + colours * 12
    pixels = np.frombuffer(data, np.uint8, row * height, start).reshape(height, row)
    return pixels[:, : width * 4].reshape(height, width, 4)[:, :, 2::-1]


def _png(picture: np.ndarray) -> bytes:
    height, width, _ = picture.shape
    rows = np.c_[np.zeros(height, np.uint8), picture.reshape(height, -1)].tobytes()

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    start = chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + start + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Driver:
    """Advances a scenario from Blender's timer and writes down how it ended."""

    def __init__(self, gui: Gui, steps: Iterator[Step], result: Path) -> None:
        self.gui = gui
        self._steps = steps
        self._result = result
        self._waiting: Callable[[], object] | None = None
        self._deadline = 0.0

    def tick(self) -> float | None:
        """One step; the seconds until the next one, or None at the end."""
        try:
            if self._waiting is not None:
                if not self._waiting():
                    self._check_patience()
                    return TICK
                self._waiting = None
            step = next(self._steps)
        except StopIteration:
            self._finish("")
            return None
        except BaseException:  # whatever a scenario raises is its result
            self._finish(traceback.format_exc())
            return None
        if callable(step):
            self._waiting = step
            self._deadline = time.monotonic() + self.gui.patience
            return TICK
        return TICK if step is None else float(step)

    def _check_patience(self) -> None:
        if time.monotonic() > self._deadline:
            waiting, self._waiting = self._waiting, None
            code = getattr(waiting, "__code__", None)
            place = f"{code.co_filename}:{code.co_firstlineno}" if code else repr(waiting)
            raise TimeoutError(f"Waited {self.gui.patience:.0f} s in vain for {place}")

    def _finish(self, error: str) -> None:
        if error:
            self.gui.screenshot("failure")
        self._result.write_text(json.dumps({"error": error}), encoding="utf-8")
        bpy.ops.wm.quit_blender()


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} can't be imported.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    configuration = json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text("utf-8"))
    out = Path(configuration["out"])
    gui = Gui(out, Path(configuration["heads"]), Path(configuration["framebuffer"]))

    def steps() -> Iterator[Step]:
        yield 1.0  # the window draws itself
        yield from _load(Path(configuration["scenario"])).run(gui)

    driver = Driver(gui, steps(), out / "result.json")
    bpy.app.timers.register(driver.tick, first_interval=0.5, persistent=True)


if __name__ == "__main__":
    main()
