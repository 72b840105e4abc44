"""The demo without its page: jobs, models in memory, limits, files of results.

Knows no gradio and no HTML: it returns facts and raises exceptions, and the page puts them into words.
"""
