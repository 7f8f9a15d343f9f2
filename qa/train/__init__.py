"""Training of the reader: data, model, loop and export. Needs the `train` extra (torch); answering does not."""
