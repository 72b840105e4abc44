"""Read image files, and write results that keep what the photo had beside its colours.

Knows files, Pillow, arrays and tensors; no network and no device. Each format has a file of its own in `formats/`.

The words of this room:

- image: a `PIL.Image.Image`.
- header: a `Header`, what a file says about itself before a pixel is decoded.
- photo: a `Photo`, an image on its way into the network: a tensor, and what its result must keep.
- picture: a `Picture`, pixels with their `info`: what a decoded file gives, and what is written.
- pixels: a NumPy array of uint8 or uint16, (H, W) or (H, W, C); white is 255 or 65535.
- tensor: float32, (1, C, H, W), in [0, 1].
- info: a dict of `icc_profile`, `dpi` and `exif`, as Pillow names them.
"""

from drln.images.header import ImageError
from drln.images.loader import ImageLoader
from drln.images.photo import Photo
from drln.images.picture import Picture
from drln.images.reading import open_image
from drln.images.writing import check_output, write_image

__all__ = ["ImageError", "ImageLoader", "Photo", "Picture", "check_output", "open_image", "write_image"]
