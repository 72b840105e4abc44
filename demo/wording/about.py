"""What the About tab says, as Markdown, and as HTML the table of models."""

from __future__ import annotations

from html import escape

from demo.backend.jobs import GRACE_SECONDS, KEPT_SECONDS
from demo.backend.models import BEST, CHOICES, HUB_MEGABYTES
from demo.wording.notes import FOR_JPEG
from demo.wording.scores import HOW
from drln.weights.sources import BUNDLED, BUNDLED_PHOTO
from drln.weights.suggestion import MOST_QUALITY

FAST, BEST_QUALITY = (CHOICES[name].label for name in (BUNDLED, BEST))

LIMITS = f"""
## What to expect

- The models learned from **clean photos that were made smaller** by bicubic. They undo exactly that. **Noise, JPEG
  blocks and halos are mistaken for detail and get sharper too**: scans and old phone photos may look worse than with
  plain bicubic. The model *{FOR_JPEG}* learned from compressed and slightly noisy ones, and is suggested for JPEGs of
  quality {MOST_QUALITY} and less.
- Detail that is missing from the photo is **guessed**. Do not read number plates, faces or medical images from a
  result.
- The models sharpen. They do not remove blur, change colours or fill in missing parts.
- *{FAST}* was trained for some minutes on one GPU, for research and demonstration. *{BEST_QUALITY}* is better, but
  takes minutes per megapixel on a CPU.

## Your photos

Your photos stay on the machine that runs this demo. Nobody else sees them, and they are deleted after some hours. The
log holds neither photos nor their names. A job runs on for {GRACE_SECONDS} seconds after its page is closed, and the
page that started it can fetch the result for {KEPT_SECONDS // 3600} hour. Your choices of scale, model and format are
stored only in your browser.

## The models
"""

FROM_HUB, WITH_DEMO = f"{HUB_MEGABYTES} MB for each scale, from the hub", "comes with this demo"
USES = {
    BUNDLED: ("1.3 million", WITH_DEMO, "quick results on a CPU, without a network"),
    BUNDLED_PHOTO: ("1.3 million", WITH_DEMO, "photos with JPEG blocks and some noise, not clean ones"),
    BEST: ("34 million", FROM_HUB, "the best results, best on a GPU"),
    "eugenesiow/drln": ("35 million", FROM_HUB, "a comparison with the original attention"),
}

MODEL = """
**DRLN**, the Densely Residual Laplacian Network, makes a photo 2, 3 or 4 times as wide and high. It has 20 dense
blocks in six groups. Each block joins its results with its input and weighs them with **attention**. DRLN-BAM uses
*balanced attention*: one weight for each channel, from the channel's mean over the whole photo, and one weight for
each pixel. Because of these means, the photo is computed as one image, strip by strip, never in tiles.

Results are computed in bfloat16 if the machine is fast at it, else in float32; the facts below a result say which.
Scores are always computed in float32.
"""

PROTOCOLS = f"## How scores are measured\n\n{HOW}"

CREDITS = """
## Credits and licences

- Saeed Anwar and Nick Barnes, *Densely Residual Laplacian Super-Resolution*, 2019, [arXiv
  1906.12021](https://arxiv.org/abs/1906.12021): the network.
- Fanyi Wang, Haotian Hu and Cheng Shen, *BAM: A Lightweight and Efficient Balanced Attention Mechanism for Single
  Image Super Resolution*, 2021, [arXiv 2104.07566](https://arxiv.org/abs/2104.07566): the attention.
- Eugene Siow, [super-image](https://github.com/eugenesiow/super-image): the published weights,
  [eugenesiow/drln-bam](https://huggingface.co/eugenesiow/drln-bam), Apache-2.0.
- The sample photos: NASA, Lav Varshney, Stefan van der Walt, Rachel Michetti and SpaceX; public domain or CC0.
- This software: Apache-2.0. Its compact weights are for research and demonstration: they were trained on the
  photos of BSDS500, which are provided for non-commercial research and education.

```bibtex
@misc{anwar2019densely,
  title = {Densely Residual Laplacian Super-Resolution},
  author = {Saeed Anwar and Nick Barnes},
  year = {2019}, eprint = {1906.12021}, archivePrefix = {arXiv}
}
@misc{wang2021bam,
  title = {BAM: A Lightweight and Efficient Balanced Attention Mechanism for Single Image Super Resolution},
  author = {Fanyi Wang and Haotian Hu and Cheng Shen},
  year = {2021}, eprint = {2104.07566}, archivePrefix = {arXiv}
}
```
"""


def models_table() -> str:
    """Show each model by the name of its choice and its own, with its size and its use."""
    head = "".join(f'<th scope="col">{text}</th>' for text in ("Choice", "Size", "Use it for"))
    rows = ""
    for name, (parameters, origin, use) in USES.items():
        label, title = CHOICES[name].label, CHOICES[name].title
        rows += (
            f'<tr><th scope="row">{escape(label)}<br><small>{escape(title)}</small></th>'
            f"<td>{parameters} weights, {origin}</td><td>{use}</td></tr>"
        )
    return f'<table class="scores models"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
