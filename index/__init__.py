"""From files to a searchable index: load, chunk, embed, store. Knows nothing of questions and answers."""
