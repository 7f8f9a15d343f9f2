"""Measures docqa on gold questions: `python -m eval run | gate | compare | report | check | import`."""
