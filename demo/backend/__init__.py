"""The demo without its page: jobs, models in memory, limits, files of results.

Knows no gradio and no HTML: it gives facts and raises exceptions, and the page words them.
"""
