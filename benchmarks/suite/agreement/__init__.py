"""Whether strategies pick what their peers pick, or better by what both say they optimize."""
