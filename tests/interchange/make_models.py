"""Makes the models of other libraries in models/, and what those libraries predict with them.

    python3 make_models.py [folder] [seed]     # needs numpy, pandas, scipy, and any of lightgbm, catboost, xgboost

For each model there is `<name>.txt` or `<name>.json`, the model as the library saved it, and `<name>.rows.json`: the
library and its version, the inputs by name, rows of them (null: missing), and the raw margins of each row.
"""
import json
import os
import sys

import numpy as np
import pandas as pd

folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "models")
rng = np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 1)

COLORS = ["red", "green", "blue", "deep purple", "ocre \u00e9", "white", "black"]
SIZES = [10, 20, 7, 3]


def frame(rows):
    """Numbers with zeros, tiny ones and gaps; categories that are texts and that are numbers."""
    awkward = np.array([0.0, -0.0, 1e-36, -1e-36, 1e-35, 2e-35, 1e6, -1e6])
    numbers = rng.normal(size=(rows, 3)).astype(np.float32)
    odd = rng.random(numbers.shape) < 0.2
    numbers[odd] = rng.choice(awkward, size=odd.sum()).astype(np.float32)
    numbers[:, 1:][rng.random((rows, 2)) < 0.15] = np.nan
    made = pd.DataFrame(numbers, columns=["whole", "gaps", "other"])
    made.insert(1, "color", rng.choice(COLORS, rows))
    made.insert(3, "size", rng.choice(SIZES, rows))
    return made


def target(data):
    sums = np.nan_to_num(data["whole"]).clip(-3, 3) + np.where(data["gaps"].isna(), 1.0, data["gaps"].clip(-2, 2))
    sums = sums + data["color"].isin(["red", "blue", "black"]) * 2 - data["size"].isin([7, 10]) * 1.5
    return (sums + rng.normal(size=len(data)) * 0.3).to_numpy()


def save(name, library, data, margins):
    def spelled(value):
        if value is None or value is pd.NA or (isinstance(value, (float, np.floating)) and np.isnan(value)):
            return None
        return value if isinstance(value, str) else float(value)

    rows = [[spelled(value) for value in row] for row in data.astype(object).itertuples(index=False)]
    margins = np.asarray(margins, dtype=np.float64).reshape(len(data), -1)
    content = {"library": library, "inputs": list(data.columns), "rows": rows, "margins": margins.tolist()}
    with open(os.path.join(folder, name + ".rows.json"), "w") as file:
        json.dump(content, file, separators=(",", ":"))
        file.write("\n")


def categories(data, with_numbers=True):
    data = data.copy()
    data["color"] = pd.Categorical(data["color"], categories=sorted(COLORS))
    if with_numbers:
        data["size"] = pd.Categorical(data["size"], categories=sorted(SIZES))
    return data


def codes(data):
    """The inputs that the imported model has: numbers of categories that are numbers."""
    data = data.copy()
    numbers = data["size"].cat.codes.astype(float)
    data["size"] = numbers.where(numbers >= 0, np.nan)
    data["color"] = data["color"].astype(object)
    return data


def make_lightgbm():
    import lightgbm

    library = "lightgbm " + lightgbm.__version__
    suffix = "_3" if lightgbm.__version__.startswith("3.") else ""
    train, test = categories(frame(400)), categories(frame(40))
    test.loc[3:7, "color"] = np.nan
    test.loc[5:9, "size"] = np.nan
    y = target(train)
    base = {"verbosity": -1, "num_leaves": 7, "min_data_in_leaf": 5, "max_cat_to_onehot": 2, "cat_smooth": 1,
            "min_data_per_group": 5, "num_threads": 1, "seed": 1, "learning_rate": 0.3}
    jobs = {
        "binary": ({"objective": "binary"}, y > 0.5, 5),
        "sigmoid": ({"objective": "binary", "sigmoid": 0.7}, y > 0.5, 4),
        "multiclass": ({"objective": "multiclass", "num_class": 3}, np.digitize(y, [0, 1.5]), 3),
        "zero_missing": ({"objective": "regression", "zero_as_missing": True}, y, 5),
        "no_missing": ({"objective": "huber", "use_missing": False}, y, 5),
        "forest": ({"objective": "regression", "boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1}, y, 4),
        "dart": ({"objective": "quantile", "boosting": "dart", "drop_rate": 0.5}, y, 5),
    }
    if suffix:
        jobs = {"multiclass": jobs["multiclass"], "zero_missing": jobs["zero_missing"]}
    for name, (settings, labels, rounds) in jobs.items():
        data = lightgbm.Dataset(train, label=labels.astype(float))
        booster = lightgbm.train({**base, **settings}, data, num_boost_round=rounds)
        name = "lightgbm" + suffix + "_" + name
        # Most parameters are of no use to a reader.
        text = booster.model_to_string()
        kept = [line for line in text.split("\n") if not line.startswith("[") or line.startswith("[categorical_feature")]
        with open(os.path.join(folder, name + ".txt"), "w") as file:
            file.write("\n".join(kept))
        save(name, library, codes(test), booster.predict(test, raw_score=True))


def make_catboost():
    import catboost

    library = "catboost " + catboost.__version__
    train, test = frame(400), frame(40)
    train["size"], test["size"] = train["size"].astype(str), test["size"].astype(str)
    test.loc[3:5, "color"] = "never seen"
    y = target(train)
    jobs = {
        "binary": ({"loss_function": "Logloss"}, (y > 0.5).astype(int), None),
        "multiclass": ({"loss_function": "MultiClass"}, np.array(["low", "middle", "high"])[np.digitize(y, [0, 1.5])], None),
        "regression": ({"loss_function": "RMSE", "nan_mode": "Max"}, y + 100, None),
        "scaled": ({"loss_function": "MAE", "depth": 2}, y, (0.3, 7.5)),
    }
    for name, (settings, labels, scale) in jobs.items():
        model = catboost.CatBoost({"iterations": 4, "depth": 4, "one_hot_max_size": 20, "verbose": 0, "thread_count": 1,
                                   "random_seed": 1, "allow_writing_files": False, "learning_rate": 0.3, **settings})
        pool = catboost.Pool(train, labels, cat_features=["color", "size"])
        model.fit(pool)
        if scale:
            model.set_scale_and_bias(*scale)
        name = "catboost_" + name
        path = os.path.join(folder, name + ".json")
        model.save_model(path, format="json", pool=pool)
        content = json.load(open(path))
        info = content["model_info"]
        content["model_info"] = {"params": {"loss_function": info["params"]["loss_function"]}}
        if "class_params" in info:
            content["model_info"]["class_params"] = info["class_params"]
        json.dump(content, open(path, "w"), separators=(",", ":"))
        save(name, library, test, model.predict(test, prediction_type="RawFormulaVal"))


def make_xgboost():
    import xgboost

    library = "xgboost " + xgboost.__version__
    major = int(xgboost.__version__.split(".")[0])
    train, test = categories(frame(400)), categories(frame(40))
    # XGBoost 3.2 cuts names that are not ASCII.
    for data in (train, test):
        data["color"] = data["color"].cat.rename_categories(lambda name: name.replace("\u00e9", "e"))
    test.loc[3:7, "color"] = np.nan
    test.loc[5:9, "size"] = np.nan
    y = target(train)
    if major >= 3:
        data = xgboost.DMatrix(train, label=y > 0.5, enable_categorical=True)
        settings = {"objective": "binary:logistic", "max_depth": 4, "max_cat_to_onehot": 2, "nthread": 1}
        booster = xgboost.train(settings, data, num_boost_round=4)
        booster.save_model(os.path.join(folder, "xgboost_names.json"))
        booster.save_model(os.path.join(folder, "xgboost_names.ubj"))
        margins = booster.predict(xgboost.DMatrix(test, enable_categorical=True), output_margin=True)
        save("xgboost_names", library, codes(test), margins)
    numbers = ["whole", "gaps", "other"]
    data = xgboost.DMatrix(train[numbers], label=np.stack([y, y * y], axis=1))
    settings = {"multi_strategy": "multi_output_tree", "tree_method": "hist", "max_depth": 3, "nthread": 1}
    booster = xgboost.train(settings, data, num_boost_round=3)
    name = "xgboost_vectors" if major >= 3 else "xgboost_vectors_2"
    booster.save_model(os.path.join(folder, name + ".json"))
    save(name, library, test[numbers], booster.predict(xgboost.DMatrix(test[numbers]), output_margin=True))


for make in (make_lightgbm, make_catboost, make_xgboost):
    try:
        make()
    except ImportError as error:
        print("skipped:", error)
