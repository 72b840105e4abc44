"""Measure results: two protocols, degraded LR, PSNR and SSIM, tables, and published scores to compare with.

Takes a loaded model and images.
"""

from drln.evaluation.degradations import degrade
from drln.evaluation.metrics import luma, psnr, ssim
from drln.evaluation.protocols import CARD, PROTOCOLS, STANDARD, ProtocolError, bicubic, make_pair
from drln.evaluation.published import PARAMETERS, SETS, WHY_CARD_IS_HIGH, published
from drln.evaluation.resize import imresize
from drln.evaluation.scores import ImageFailure, ImageScore, Scores
from drln.evaluation.scoring import BICUBIC, EvalMetrics, evaluate, stream_scores
from drln.evaluation.tables import format_score, markdown, markdown_report, published_report

__all__ = [
    "BICUBIC",
    "CARD",
    "PARAMETERS",
    "PROTOCOLS",
    "SETS",
    "STANDARD",
    "WHY_CARD_IS_HIGH",
    "EvalMetrics",
    "ImageFailure",
    "ImageScore",
    "ProtocolError",
    "Scores",
    "bicubic",
    "degrade",
    "evaluate",
    "format_score",
    "imresize",
    "luma",
    "make_pair",
    "markdown",
    "markdown_report",
    "psnr",
    "published",
    "published_report",
    "ssim",
    "stream_scores",
]
