"""Start the demo: python app.py"""

import gc
import sys

gc.disable()    # what is imported stays; looking through it for garbage takes a fourth of the start

try:
    import spaces  # noqa: F401    on a ZeroGPU Space; it must come before torch
except ImportError:
    pass

try:
    from demo.backend.welcome import Welcome
    from demo.interface import build_demo, launch, new_service, warm_up
except ValueError as error:    # a limit in the environment is not a number
    sys.exit(f"The demo cannot be served: {error}")

gc.freeze()    # nor is it looked through later
gc.enable()


def main() -> None:
    """Serve until interrupted."""
    service = new_service()
    warm_up(service)
    welcome = Welcome(service)
    demo = build_demo(service, welcome=welcome)
    try:
        address = launch(demo)
    except OSError as error:    # the port is taken, mostly
        sys.exit(f"The demo cannot be served: {error}")
    print(f"The demo runs at {address}", flush=True)
    welcome.start()
    demo.block_thread()


if __name__ == "__main__":
    main()
