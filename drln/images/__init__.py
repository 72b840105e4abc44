"""Read image files, and write results that keep the photo's transparency and metadata.

Knows files, Pillow, arrays and tensors; no network and no device. Each format has its own file in `formats/`.

Terms:

- image: a `PIL.Image.Image`.
- header: a `Header`, the data that is read before pixels are decoded.
- photo: a `Photo`, the network's input with the metadata that its result must keep.
- picture: a `Picture`, pixels with their `info`, after reading or before writing.
- pixels: a NumPy array of uint8 or uint16, (H, W) or (H, W, C); white is 255 or 65535.
- tensor: float32, (1, C, H, W), in [0, 1].
- info: a dict with Pillow's keys `icc_profile`, `dpi` and `exif`.
"""

from drln.images.header import ImageError
from drln.images.loader import ImageLoader
from drln.images.photo import Photo
from drln.images.picture import Picture
from drln.images.reading import open_image
from drln.images.writing import check_output, write_image

__all__ = ["ImageError", "ImageLoader", "Photo", "Picture", "check_output", "open_image", "write_image"]
