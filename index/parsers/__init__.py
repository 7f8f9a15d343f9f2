"""One module a file format: `parse(Source) -> list[Parsed]`. `index.load` imports the one it needs."""
