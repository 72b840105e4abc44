"""What the About tab says, as Markdown."""

from __future__ import annotations

from demo.backend.jobs import GRACE_SECONDS, KEPT_SECONDS
from demo.backend.models import HUB_MEGABYTES
from drln.evaluation.published import WHY_CARD_IS_HIGH
from drln.weights.suggestion import MOST_QUALITY

MODEL = f"""
## The model

**DRLN**, the Densely Residual Laplacian Network, makes a photo 2, 3 or 4 times as wide and high. It has 20 dense
blocks in six groups. Each block joins its results with its input and weighs them with **attention**. DRLN-BAM uses
*balanced attention*: one weight for each channel, from the channel's mean over the whole photo, and one weight for
each pixel. Because of these means, the photo is computed as one image, strip by strip, never in tiles.

| | size | use it for |
|---|---|---|
| DRLN-BAM | 34 M, {HUB_MEGABYTES} MB per scale from the hub | the best results, best on a GPU |
| DRLN | 35 M, {HUB_MEGABYTES} MB per scale from the hub | a comparison with the original attention |
| compact | 1.3 M, comes with this demo | quick results on a CPU, without a network |
| compact for JPEG photos | 1.3 M, comes with this demo | photos with JPEG blocks and some noise, not clean ones |
"""

LIMITS = f"""
## What to expect

- The models learned from **clean photos that were made smaller** by bicubic. They undo exactly that. **Noise, JPEG
  blocks and halos are mistaken for detail and get sharper too**: scans and old phone photos may look worse than with
  plain bicubic. The compact model for JPEG photos learned from compressed and slightly noisy ones, and is suggested for
  JPEGs of quality {MOST_QUALITY} and less.
- Detail that is missing from the photo is **guessed**. Do not read number plates, faces or medical images from a
  result.
- The models sharpen. They do not remove blur, change colours or fill in missing parts.
- The compact model was trained for some minutes on one GPU, for research and demonstration. The 34 M model is
  better, but takes minutes per megapixel on a CPU.
- Results are computed in bfloat16 if the machine is fast at it, else in float32; the facts below a result say which.
  Scores in the Evaluate tab are always computed in float32.

## Your photos

Your photos stay on the machine that runs this demo. Nobody else sees them, and they are deleted after some hours. The
log holds neither photos nor their names. A job runs on for {GRACE_SECONDS} seconds after its page is closed, and the
page that started it can fetch the result for {KEPT_SECONDS // 3600} hour. Your choices of scale, model and format are
stored only in your browser.
"""

PROTOCOLS = f"""
## How scores are measured

**PSNR** (dB) counts errors pixel by pixel. **SSIM** (at most 1) compares structure. Both compare only the brightness,
without the outermost pixels. There are two protocols. **Standard** is the one of the papers: the sharp photo is
cropped to a multiple of the scale and made smaller by MATLAB's bicubic, and the brightness is rounded to 8 bits.
**Card** is the one of the published models' card. {WHY_CARD_IS_HIGH}
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
