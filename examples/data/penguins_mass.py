"""Writes penguins_mass.json: an XGBoost model of a penguin's body mass, as a user of XGBoost would make it.

pip install xgboost-cpu scipy; python examples/data/penguins_mass.py
"""
import csv
import math
import pathlib

import numpy
import xgboost

folder = pathlib.Path(__file__).parent
columns = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "year"]


def number(text):
    return math.nan if text in ("", "NA") else float(text)


with open(folder / "penguins.csv", newline="") as file:
    rows = [row for row in csv.DictReader(file) if not math.isnan(number(row["body_mass_g"]))]
x = numpy.array([[number(row[column]) for column in columns] for row in rows])
y = numpy.array([number(row["body_mass_g"]) for row in rows])
parameters = {"max_depth": 3, "eta": 0.3, "nthread": 1, "seed": 0}
booster = xgboost.train(parameters, xgboost.DMatrix(x, y, feature_names=columns), num_boost_round=20)
booster.save_model(folder / "penguins_mass.json")
error = booster.predict(xgboost.DMatrix(x, feature_names=columns)) - y
print(f"XGBoost {xgboost.__version__}: root mean squared error {math.sqrt((error**2).mean()):.6f}")
