"""The About tab: what the model is, how it is measured, what it cannot do, whom to credit. Words and a picture."""

from __future__ import annotations

import gradio as gr

from demo.backend.jobs import GRACE_SECONDS, KEPT_SECONDS
from demo.wording import network_picture
from drln.evaluation.published import WHY_CARD_IS_HIGH

MODEL = """
## The model

**DRLN**, the Densely Residual Laplacian Network, makes a photo 2, 3 or 4 times as wide and high. Its 20 dense
blocks stand in six groups; each block joins what it computes with what it was given, and weighs the outcome by an
**attention**. In DRLN-BAM that is *balanced attention*: one weight for each channel, from its mean over the whole
photo, and one for each pixel. Because of these means the photo is computed as one image, strip by strip, and never
in tiles.

| | size | for |
|---|---|---|
| DRLN-BAM | 34 M, 138 MB a scale from the hub | the best result, best on a GPU |
| DRLN | 35 M, 138 MB a scale from the hub | the original attention, to compare |
| compact | 1.3 M, comes with this demo | quick on a CPU, no network |
| compact for JPEG photos | 1.3 M, comes with this demo | photos with JPEG blocks and some noise, not clean ones |
"""

LIMITS = f"""
## What to expect, and what not

- The models learned from **clean photos that were made smaller** by bicubic. They undo just that. **Noise, JPEG
  blocks and halos are taken for detail, and get sharper too**; scans and old phone pictures may look worse than
  with plain bicubic. The compact model for JPEG photos learned from compressed and slightly noisy ones.
- Detail that the photo does not hold is **guessed**: do not read number plates, faces or medical images from a
  result.
- It sharpens; it does not remove blur, change colours, or fill in what is missing.
- The compact model was trained for some minutes on one GPU, for research and demonstration; the 34 M model is
  the better one, and takes minutes for a megapixel on a CPU.
- Computed in bfloat16 where the machine is fast in it, else in float32; the facts beneath a result say which.
  Scores in the Evaluate tab are always computed in float32.

## Your photos

They stay on the machine that runs this demo, are seen by nobody else, and are deleted after some hours. No log
holds them or their names. A job goes on for {GRACE_SECONDS} seconds when its page is gone, and its result can be
fetched for {KEPT_SECONDS // 3600} hour by the page that began it. Your choices of scale, model and format are kept
in your browser alone.
"""

PROTOCOLS = f"""
## How it is measured

**PSNR** (dB) counts errors pixel by pixel, **SSIM** (at most 1) compares structure; both on the brightness alone,
without the outermost pixels. There are two protocols. **Standard** is the papers': the sharp photo is cropped to a
multiple of the scale, made smaller by MATLAB's bicubic, and the brightness is rounded to 8 bits. **Card** is that
of the published models' card. {WHY_CARD_IS_HIGH}
"""

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
  photos of BSDS500, which are given for non-commercial research and education.

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


def about_tab() -> None:
    """Components in the Blocks that are open; nothing happens to them."""
    gr.Markdown(MODEL)
    gr.HTML(
        f'<div class="network"><figure>{network_picture.network()}<figcaption>The whole network</figcaption></figure>'
        f"<figure>{network_picture.dense_block()}<figcaption>One dense block; the channels of DRLN-BAM, 34 M"
        "</figcaption></figure></div>",
        elem_id="network",
    )
    gr.Markdown(LIMITS)
    gr.Markdown(PROTOCOLS)
    gr.Markdown(CREDITS)
