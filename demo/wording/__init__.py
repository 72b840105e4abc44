"""What the page says, as HTML and Markdown, a file for each tab and one for what they share.

Knows the backend's facts and errors; knows no gradio.
"""
