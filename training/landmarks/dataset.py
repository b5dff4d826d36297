# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the synthetic pictures out: PNG or JPEG files, annotations, and a data card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from auto_rig_face.vocabulary import ARKIT_SHAPES, EMOTIONS

from . import looks, source
from . import points as scheme
from .checks import to_bgr
from .render.batch import pack_heads, pack_look
from .render.pictures import render
from .scene import Head, face_frame

SIZES: Final = (64, 96, 128, 192, 256, 384, 512, 768, 1024)
SIZE_SHARES: Final = (0.08, 0.1, 0.16, 0.2, 0.2, 0.12, 0.08, 0.04, 0.02)
# Shares of the splits among the pictures; identities never cross.
SPLIT_SHARES: Final = {"train": 0.8, "validation": 0.1, "test": 0.1}


def write(out: Path, count: int, seed: int, device: str = "cpu") -> Path:
    """Write ``count`` pictures with labels to ``out``; where the data card is. Each picture depends
    on the seed and its own number only.
    """
    counts: dict[str, dict[str, int]] = {}
    for split, share in SPLIT_SHARES.items():
        folder = out / split
        folder.mkdir(parents=True, exist_ok=True)
        with (out / f"{split}.jsonl").open("w", encoding="utf-8") as lines:
            for index in range(max(1, round(count * share))):
                label = _one(folder, split, index, seed, device)
                lines.write(json.dumps(label) + "\n")
                tally = counts.setdefault(split, {})
                tally[label["family"]] = tally.get(label["family"], 0) + 1
    path = out / "README.md"
    path.write_text(data_card(counts, seed), encoding="utf-8")
    (out / "points.json").write_text(
        json.dumps({"points": scheme.NAMES, "ibug_68": scheme.IBUG_68, "shapes": ARKIT_SHAPES})
        + "\n",
        encoding="utf-8",
    )
    return path


def _one(folder: Path, split: str, index: int, seed: int, device: str) -> dict[str, Any]:
    """Render, save and describe one picture."""
    rng = np.random.default_rng((seed, source.SPLITS.index(split), index, 1))
    head = source.head_at(split, index, seed=seed)
    size = int(rng.choice(SIZES, p=SIZE_SHARES))
    framing = looks.SCENE if rng.random() < 0.3 else looks.CROP
    look, style = looks.sample_looks(rng, head.points[None], framing)
    places = torch.from_numpy(head.points[None]).to(device)
    pictures = render(pack_heads([head], device), pack_look(look, device), places, size)
    name = f"{folder.name}/{index:06d}.png"
    cv2.imwrite(str(folder.parent / name), to_bgr(pictures.rgb[0]))
    pixels = (pictures.points[0].cpu().numpy() + 1) / 2 * size
    label = _label(head, pixels, pictures.visible[0].cpu().numpy())
    return {"picture": name, "size": size, "style": str(style[0])} | label


def _label(head: Head, pixels: np.ndarray, visible: np.ndarray) -> dict[str, Any]:
    """Annotations; pixel coordinates count from the picture's upper left corner."""
    box = face_frame(pixels[None, scheme.indices(scheme.FACE_BOX)])[0]
    return {
        "family": head.family,
        "identity": head.identity,
        "face": head.face,
        "box": [round(float(value), 2) for value in box],
        "points": np.round(pixels, 2).tolist(),
        "visible": (visible & head.exists).astype(int).tolist(),
        "exists": head.exists.astype(int).tolist(),
        "coefficients": np.round(head.expression.coefficients, 4).tolist(),
        "emotion": head.expression.emotion,
        "intensity": round(head.expression.intensity, 4),
    }


def data_card(counts: dict[str, dict[str, int]], seed: int) -> str:
    """What the pictures are, in Markdown."""
    rows = "\n".join(
        f"| {family} | " + " | ".join(str(counts[s].get(family, 0)) for s in counts) + " |"
        for family in source.SHARES
    )
    header = " | ".join(f"{split} ({sum(counts[split].values())})" for split in counts)
    return f"""# Data card: rendered heads with exact landmarks

Made by `python -m training.landmarks data` with seed {seed}; the same seed gives the same files.
Every head is synthetic: the CC0 MakeHuman template with random identities and stylisation, or
built in code. No person is depicted.

| family | {header} |
|---|{"---|" * len(counts)}
{rows}

One JSON object a line in `train.jsonl`, `validation.jsonl`, `test.jsonl`; no identity is in two of
them. `points` holds x and y in pixels of {scheme.COUNT} landmarks in the order of `points.json`,
which also names the iBUG-68 subset; `visible`: inside the picture and not behind anything;
`exists`: the head has the feature, else the point is where it would be; `box`: left, top, right,
bottom of the face; `coefficients`: 52 ARKit shapes; `emotion`: one of {", ".join(EMOTIONS)} by
EMFACS, or empty for a free mixture; `intensity` 0 to 1.5. `face` is 0 for things without a face.

Poses: yaw +-75, pitch +-35, roll +-45 degrees, lenses of 20 to 120 mm, 64 to 1024 pixels a side.
Styles: {", ".join(looks.STYLES)}. Skin colours and features are drawn evenly, not as they are
distributed among people; hair and make-up follow no culture. Fit for finding faces and landmarks,
not for telling people apart.
"""
