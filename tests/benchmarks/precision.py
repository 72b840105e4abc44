"""What bfloat16 costs in quality: PSNR of the compact model in both precisions, on the same images.

    python tests/benchmarks/precision.py                        # Set5, from the hub
    python tests/benchmarks/precision.py --dataset samples      # needs no network
"""

import argparse
import sys

from measuring import machine, table

from drln import DrlnModel, HubError, evaluate
from drln.data import find_set
from drln.evaluation.protocols import CARD, PROTOCOLS
from drln.upscaling.device import PRECISIONS
from drln.upscaling.upscaler import Upscaler


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="Set5", help="Set5 (default), another set, or a folder of photos")
    parser.add_argument("--model", default="drln-bam-compact", help="name, folder or file (default: drln-bam-compact)")
    args = parser.parse_args()
    rows = []
    for scale in (2, 3, 4):
        model = DrlnModel.from_pretrained(args.model, scale)
        for protocol in PROTOCOLS:
            images = find_set(args.dataset, f"bicubic_x{scale}" if protocol == CARD else None)
            psnr = {
                precision: evaluate(Upscaler(model, "cpu", precision), images, protocol, scale=scale).psnr
                for precision in PRECISIONS
            }
            loss = psnr["float32"] - psnr["bfloat16"]
            rows.append([f"{scale}x", protocol, f"{psnr['float32']:.4f}", f"{psnr['bfloat16']:.4f}", f"{loss:+.4f}"])
    print(f"{args.model} on {args.dataset}; {machine()}\n")
    print(table(("scale", "protocol", "float32, dB", "bfloat16, dB", "lost"), rows))


if __name__ == "__main__":
    try:
        main()
    except HubError as error:
        sys.exit(str(error))
