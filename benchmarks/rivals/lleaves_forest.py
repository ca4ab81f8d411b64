"""Compiles a LightGBM model with lleaves: lleaves_forest.py MODEL OBJECT writes an object file with `forest_root`."""
import sys

import lleaves

model = lleaves.Model(model_file=sys.argv[1])
model.compile(cache=sys.argv[2], raw_score=True)
