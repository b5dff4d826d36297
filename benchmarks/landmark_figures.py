# SPDX-License-Identifier: GPL-3.0-or-later
"""All figures of the landmark benchmark as one dictionary, and the goals they are held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from training.landmarks import looks
from training.landmarks.heads import families

from . import landmark_scores as scores
from .landmark_scores import NAMED, Answers, Bools, Truth

GOOGLE: Final = "Face Landmarker"
NEAR_FRONT: Final = 30.0  # degrees of yaw
FOUND_GOALS: Final = {"human": 0.99, "stylised humanoid": 0.95, "creature": 0.80}
RATIO_GOALS: Final = {"stylised": 1 / 3, "realistic": 1.0}


def figures(
    truth: Truth, networks: Sequence[Answers], milliseconds: Mapping[str, Mapping[int, float]]
) -> dict[str, Any]:
    """Every figure; ``networks``: ours first. ``milliseconds``: network -> side in pixels -> ms."""
    ours, *peers = networks
    every = np.ones(len(truth.family), bool)
    near_front = truth.of(families.REALISTIC) & (np.abs(truth.yaw) <= NEAR_FRONT)
    found = scores.found(ours, truth)
    result: dict[str, Any] = {
        "pictures": len(every),
        "pictures without a face": len(ours.false),
        "all": _errors(ours, truth, every),
        "all found": _errors(ours, truth, found),
        "human, near front": _errors(ours, truth, near_front),
        "families": {
            family: _errors(ours, truth, truth.of([family]))
            for names in scores.GROUPS.values()
            for family in names
        },
        "styles": {style: _errors(ours, truth, truth.style == style) for style in looks.STYLES},
        "regions": {region: _region(ours, truth, region) for region in scores.REGIONS},
        "peers": {peer.name: _against(ours, peer, truth) for peer in peers},
        "calibration": [
            {"expected": tenth.expected, "observed": tenth.observed, "factor": tenth.factor}
            for tenth in _deciles(ours, truth)
        ],
        "found": {answers.name: _found(answers, truth) for answers in networks},
        "false finds": {answers.name: scores.false_finds(answers) for answers in networks},
        "milliseconds": milliseconds,
    }
    result["checks"] = checks(result, ours.name)
    return result


def _errors(answers: Answers, truth: Truth, chosen: Bools) -> dict[str, Any]:
    means = scores.picture_means(answers.error[chosen][:, NAMED], truth.valid[chosen][:, NAMED])
    known = means[np.isfinite(means)]
    return {
        "pictures": len(known),
        "nme": scores.mean(means),
        "median": float(np.median(known)) if len(known) else None,
        "auc@10": scores.area(means),
        "fr@10": scores.failures(means),
        "found": scores.mean(scores.found(answers, truth)[chosen].astype(float)),
    }


def _region(answers: Answers, truth: Truth, region: str) -> dict[str, Any]:
    rows = scores.region_rows(region, named=False)
    error, valid = answers.error[:, rows], truth.valid[:, rows]
    means = scores.picture_means(error, valid)
    return {
        "points": len(rows),
        "nme": scores.mean(means),
        **{half: scores.mean(means[truth.of(of)]) for half, of in scores.HALVES.items()},
        **{
            f"within {limit:g} %": scores.within(error, valid, limit)
            for limit in scores.SHARES_WITHIN
        },
    }


def _against(ours: Answers, peer: Answers, truth: Truth) -> dict[str, dict[str, Any]]:
    """Both networks on each half of the pictures."""
    found_ours, found_theirs = scores.found(ours, truth), scores.found(peer, truth)
    both_sure = scores.sure(ours) & scores.sure(peer)
    result = {}
    for half, names in scores.HALVES.items():
        chosen = truth.of(names)
        both = chosen & found_ours & found_theirs
        own, other = (scores.mean(m) for m in scores.shared_means(ours, peer, truth, both))
        sure = scores.shared_means(ours, peer, truth, chosen & both_sure)
        answered = scores.answered_means(peer, truth)[chosen]
        points = peer.has_points
        result[half] = {
            "pictures": int(chosen.sum()),
            "found": scores.mean(found_theirs[chosen].astype(float)),
            "found, ours": scores.mean(found_ours[chosen].astype(float)),
            "both": int(both.sum()),
            "ours": own,
            "theirs": other,
            "ratio": own / other if own is not None and other else None,
            "ours, wherever": scores.mean(sure[0]),
            "theirs, wherever": scores.mean(sure[1]),
            "auc@10": scores.area(answered) if points else None,
            "auc@10, ours": scores.area(scores.answered_means(ours, truth)[chosen]),
            "fr@10": scores.failures(answered) if points else None,
            "fr@10, ours": scores.failures(scores.answered_means(ours, truth)[chosen]),
        }
    return result


def _deciles(answers: Answers, truth: Truth) -> list[scores.Decile]:
    # Where no face is seen, nobody reads what the points expect.
    seen = scores.sure(answers)
    return scores.deciles(answers.expected[seen], answers.error[seen], truth.valid[seen])


def _found(answers: Answers, truth: Truth) -> dict[str, float | None]:
    hits = scores.found(answers, truth).astype(float)
    return {group: scores.mean(hits[truth.of(names)]) for group, names in scores.GROUPS.items()}


def checks(result: Mapping[str, Any], ours: str) -> list[dict[str, Any]]:
    """Each goal with the figure that is held against it; ``met`` None where nothing was measured.
    ``kind``: percent, share, ratio, factor or ms; ``at_least``: the goal is a lower limit.
    """
    google = result["peers"].get(GOOGLE, {})
    factors = [tenth["factor"] for tenth in result["calibration"]]
    times = result["milliseconds"].get(ours, {}).values()
    front = f"NME, human, within {NEAR_FRONT:g} degrees of yaw"
    return [
        _check("NME, all families, styles and poses", result["all"]["nme"], 5.0, "percent"),
        _check(front, result["human, near front"]["nme"], 2.0, "percent"),
        *(
            _check(
                f"error / {GOOGLE}'s, {half} half", google.get(half, {}).get("ratio"), goal, "ratio"
            )
            for half, goal in RATIO_GOALS.items()
        ),
        _check("worst decile of the expected error", max(factors, default=None), 1.3, "factor"),
        *(
            _check(f"found, {group}", result["found"][ours][group], goal, "share", at_least=True)
            for group, goal in FOUND_GOALS.items()
        ),
        _check("false finds", result["false finds"][ours], 0.01, "share"),
        _check("time a picture, slowest size", max(times, default=None), 15.0, "ms"),
    ]


def _check(
    name: str, value: float | None, goal: float, kind: str, *, at_least: bool = False
) -> dict[str, Any]:
    met = None if value is None else bool(value >= goal if at_least else value <= goal)
    return {
        "name": name,
        "value": value,
        "goal": goal,
        "kind": kind,
        "at_least": at_least,
        "met": met,
    }
