"""The browser demo: a Gradio app around `drln`."""
