"""Start the demo: python app.py"""

try:
    import spaces  # noqa: F401    on a ZeroGPU Space; it must come before torch
except ImportError:
    pass

from demo.interface import build_demo, launch

demo = build_demo()

if __name__ == "__main__":
    print(f"The demo runs at {launch(demo)}", flush=True)
    demo.block_thread()
