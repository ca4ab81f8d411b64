"""Trains small models, converts them to ONNX, and writes files/<name>.onnx and files/<name>.json: rows, and what the
framework itself predicts for them. Run it in this folder; the arguments choose models by name.

Written with scikit-learn 1.9, skl2onnx 1.20.0, onnxmltools 1.16.0, onnx 1.18.0, XGBoost 3.2.0, LightGBM 4.7.0.
"""
import json
import sys
import warnings

import numpy
import onnx
import pandas
from sklearn import compose, ensemble, impute, linear_model, neural_network, pipeline, preprocessing, tree
from sklearn.datasets import load_diabetes, load_iris, make_classification
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
import onnxmltools
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloats

warnings.filterwarnings("ignore")
models = {}

make_attribute = onnx.helper.make_attribute


def plain_attribute(key, value, *arguments, **options):
    """skl2onnx 1.20 gives NumPy's numbers of HistGradientBoosting to onnx, which refuses them."""
    if isinstance(value, list):
        value = [int(v) if isinstance(v, (numpy.integer, bool, numpy.bool_)) else v for v in value]
    return make_attribute(key, value, *arguments, **options)


onnx.helper.make_attribute = plain_attribute


def model(function):
    models[function.__name__] = function
    return function


def clean(values):
    """JSON without NaN: a missing number is null."""
    return [[None if isinstance(v, float) and numpy.isnan(v) else v for v in row] for row in values]


def save(name, onnx_model, rows, expected, classes=None):
    """`rows`: a list of rows of numbers and texts; `expected`: [rows, outputs] as the framework computes them."""
    with open(f"files/{name}.onnx", "wb") as file:
        file.write(onnx_model.SerializeToString())
    expected = numpy.asarray(expected, dtype=float)
    expected = expected.reshape(len(rows), -1)
    content = {"rows": clean(rows), "expected": expected.tolist(), "classes": [str(c) for c in ([] if classes is None else classes)]}
    with open(f"files/{name}.json", "w") as file:
        file.write("{" + ",\n".join(f"{json.dumps(k)}:{json.dumps(v)}" for k, v in content.items()) + "}\n")


def save_sklearn(name, fitted, x, expected, classes=None, **options):
    x = numpy.asarray(x, dtype=numpy.float32)
    save(name, to_onnx(fitted, x[:1], options=options or None), x.astype(float).tolist(), expected, classes)


def classification(classes, seed=0):
    x, y = make_classification(300, 6, n_informative=4, n_classes=classes, random_state=seed)
    return x.astype(numpy.float32), y


def named(y):
    return numpy.array(["apple", "pear", "plum"])[y]


def with_gaps(x, seed=1):
    x = x.copy()
    x[numpy.random.default_rng(seed).random(x.shape) < 0.15] = numpy.nan
    return x


def probabilities(name, fitted, x, zipmap=True):
    options = {} if zipmap else {"zipmap": False}
    save_sklearn(name, fitted, x[:40], fitted.predict_proba(x[:40]), fitted.classes_, **options)


@model
def logistic_binary(name):
    x, y = classification(2)
    probabilities(name, linear_model.LogisticRegression().fit(x, y), x)


@model
def logistic_three(name):
    x, y = classification(3)
    probabilities(name, linear_model.LogisticRegression().fit(x, named(y)), x)


@model
def scaled_logistic(name):
    x, y = classification(3)
    steps = pipeline.make_pipeline(impute.SimpleImputer(strategy="median"), preprocessing.StandardScaler(),
                                   linear_model.LogisticRegression())
    gaps = with_gaps(x)
    probabilities(name, steps.fit(gaps, y), gaps, zipmap=False)


@model
def ridge(name):
    x, y = load_diabetes(return_X_y=True)
    x = x.astype(numpy.float32)
    steps = pipeline.make_pipeline(preprocessing.MinMaxScaler(), linear_model.Ridge()).fit(x, y)
    save_sklearn(name, steps, x[:40], steps.predict(x[:40]))


@model
def tree_classifier(name):
    x, y = classification(3)
    probabilities(name, tree.DecisionTreeClassifier(max_depth=4, random_state=0).fit(x, named(y)), x)


@model
def forest_binary(name):
    x, y = classification(2)
    probabilities(name, ensemble.RandomForestClassifier(5, max_depth=4, random_state=0).fit(x, y), x)


@model
def forest_three(name):
    x, y = classification(3)
    probabilities(name, ensemble.ExtraTreesClassifier(5, max_depth=4, random_state=0).fit(x, y), x, zipmap=False)


@model
def forest_regression(name):
    x, y = load_diabetes(return_X_y=True)
    x = x.astype(numpy.float32)
    fitted = ensemble.RandomForestRegressor(5, max_depth=4, random_state=0).fit(x, y)
    save_sklearn(name, fitted, x[:40], fitted.predict(x[:40]))


@model
def boosting_binary(name):
    x, y = classification(2)
    probabilities(name, ensemble.GradientBoostingClassifier(n_estimators=5, random_state=0).fit(x, y), x)


@model
def boosting_three(name):
    x, y = classification(3)
    probabilities(name, ensemble.GradientBoostingClassifier(n_estimators=4, max_depth=2, random_state=0).fit(x, y), x)


@model
def boosting_regression(name):
    x, y = load_diabetes(return_X_y=True)
    x = x.astype(numpy.float32)
    fitted = ensemble.GradientBoostingRegressor(n_estimators=8, random_state=0).fit(x, y)
    save_sklearn(name, fitted, x[:40], fitted.predict(x[:40]))


@model
def hist_binary(name):
    x, y = classification(2)
    gaps = with_gaps(x)
    fitted = ensemble.HistGradientBoostingClassifier(max_iter=5, max_leaf_nodes=8, random_state=0).fit(gaps, y)
    probabilities(name, fitted, gaps)


@model
def hist_regression(name):
    x, y = load_diabetes(return_X_y=True)
    x = with_gaps(x.astype(numpy.float32))
    fitted = ensemble.HistGradientBoostingRegressor(max_iter=8, max_leaf_nodes=8, random_state=0).fit(x, y)
    save_sklearn(name, fitted, x[:40], fitted.predict(x[:40]))


@model
def network_binary(name):
    x, y = classification(2)
    probabilities(name, neural_network.MLPClassifier((8,), max_iter=30, random_state=0).fit(x, y), x)


@model
def network_three(name):
    x, y = classification(3)
    steps = pipeline.make_pipeline(preprocessing.StandardScaler(),
                                   neural_network.MLPClassifier((8, 5), activation="tanh", max_iter=30, random_state=0))
    probabilities(name, steps.fit(x, named(y)), x, zipmap=False)


@model
def network_regression(name):
    x, y = load_diabetes(return_X_y=True)
    x = x.astype(numpy.float32)
    fitted = neural_network.MLPRegressor(hidden_layer_sizes=(8,), activation="logistic", max_iter=30, random_state=0).fit(x, y)
    save_sklearn(name, fitted, x[:40], fitted.predict(x[:40]))


def people(rows=300, seed=0):
    """Mixed columns with missing values, like those of the census."""
    random = numpy.random.default_rng(seed)
    age = random.integers(17, 90, rows).astype(numpy.float32)
    hours = random.normal(40, 10, rows).astype(numpy.float32)
    work = random.choice(["private", "state", "self"], rows)
    status = random.choice(["single", "married", "widowed"], rows)
    y = (age / 90 + (work == "state") + 0.5 * (status == "married") + random.normal(0, 0.3, rows) > 1.2).astype(int)
    return pandas.DataFrame({"age": age, "work": work, "hours": hours, "status": status}), y


def save_people(name, fitted, test):
    types = [(c, StringTensorType([None, 1]) if test[c].dtype.kind not in "fi" else FloatTensorType([None, 1]))
             for c in test.columns]
    converted = to_onnx(fitted, initial_types=types, options={"zipmap": False})
    rows = [[float(v) if isinstance(v, (float, numpy.floating)) else v for v in row] for row in test.values.tolist()]
    save(name, converted, rows, fitted.predict_proba(test), fitted.classes_)


def columns(encode_texts, scale=True):
    numbers = [impute.SimpleImputer()] + ([preprocessing.StandardScaler()] if scale else [])
    return compose.ColumnTransformer([("numbers", pipeline.make_pipeline(*numbers), ["hours", "age"]),
                                      ("texts", encode_texts, ["status", "work"])])


def people_test():
    test, _ = people(40, seed=1)
    test.loc[3, "work"] = "never seen"
    test.loc[5, "status"] = "nor this"
    test.loc[7, "age"] = numpy.nan
    test.loc[9, "hours"] = numpy.nan
    return test


@model
def people_logistic(name):
    x, y = people()
    steps = pipeline.make_pipeline(columns(preprocessing.OneHotEncoder(handle_unknown="ignore")),
                                   linear_model.LogisticRegression()).fit(x, y)
    save_people(name, steps, people_test())


@model
def people_forest(name):
    x, y = people()
    encode = preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    steps = pipeline.make_pipeline(columns(encode, scale=False),
                                   ensemble.RandomForestClassifier(5, max_depth=4, random_state=0)).fit(x, y)
    save_people(name, steps, people_test())


@model
def people_boosting(name):
    x, y = people()
    steps = pipeline.make_pipeline(columns(preprocessing.OneHotEncoder(handle_unknown="ignore")),
                                   ensemble.GradientBoostingClassifier(n_estimators=5, random_state=0)).fit(x, y)
    save_people(name, steps, people_test())


@model
def people_network(name):
    x, y = people()
    fill = impute.SimpleImputer(strategy="constant", fill_value="unknown", missing_values="")
    encode = pipeline.make_pipeline(fill, preprocessing.OneHotEncoder(handle_unknown="ignore"))
    x.loc[::7, "work"] = ""
    steps = pipeline.make_pipeline(columns(encode),
                                   neural_network.MLPClassifier((6,), max_iter=30, random_state=0)).fit(x, y)
    test = people_test()
    test.loc[11, "work"] = ""
    save_people(name, steps, test)


def save_boosted(name, convert, fitted, x, expected, classes=None, **options):
    converted = convert(fitted, initial_types=[("x", ToolsFloats([None, x.shape[1]]))], **options)
    save(name, converted, x[:40].astype(float).tolist(), expected, classes)


@model
def xgboost_binary(name):
    import xgboost
    x, y = classification(2)
    gaps = with_gaps(x)
    fitted = xgboost.XGBClassifier(n_estimators=6, max_depth=3).fit(gaps, y)
    save_boosted(name, onnxmltools.convert_xgboost, fitted, gaps, fitted.predict_proba(gaps[:40]), fitted.classes_)


@model
def xgboost_three(name):
    import xgboost
    x, y = classification(3)
    gaps = with_gaps(x)
    fitted = xgboost.XGBClassifier(n_estimators=4, max_depth=2).fit(gaps, y)
    save_boosted(name, onnxmltools.convert_xgboost, fitted, gaps, fitted.predict_proba(gaps[:40]), fitted.classes_)


@model
def xgboost_regression(name):
    import xgboost
    x, y = load_diabetes(return_X_y=True)
    x = with_gaps(x.astype(numpy.float32))
    fitted = xgboost.XGBRegressor(n_estimators=6, max_depth=3).fit(x, y)
    save_boosted(name, onnxmltools.convert_xgboost, fitted, x, fitted.predict(x[:40]))


@model
def lightgbm_binary(name):
    import lightgbm
    x, y = classification(2)
    gaps = with_gaps(x)
    fitted = lightgbm.LGBMClassifier(n_estimators=6, num_leaves=6, verbose=-1).fit(gaps, y)
    save_boosted(name, onnxmltools.convert_lightgbm, fitted, gaps, fitted.predict_proba(gaps[:40]), fitted.classes_)


@model
def lightgbm_three(name):
    import lightgbm
    x, y = classification(3)
    fitted = lightgbm.LGBMClassifier(n_estimators=4, num_leaves=4, verbose=-1).fit(x, y)
    save_boosted(name, onnxmltools.convert_lightgbm, fitted, x, fitted.predict_proba(x[:40]), fitted.classes_,
                 zipmap=False)


@model
def lightgbm_regression(name):
    import lightgbm
    x, y = load_diabetes(return_X_y=True)
    x = with_gaps(x.astype(numpy.float32))
    fitted = lightgbm.LGBMRegressor(n_estimators=6, num_leaves=6, verbose=-1).fit(x, y)
    save_boosted(name, onnxmltools.convert_lightgbm, fitted, x, fitted.predict(x[:40]))


@model
def lightgbm_categories(name):
    import lightgbm
    x, y = classification(2)
    x[:, 2] = numpy.floor(numpy.abs(x[:, 2]) * 3)
    fitted = lightgbm.LGBMClassifier(n_estimators=4, num_leaves=6, verbose=-1).fit(x, y, categorical_feature=[2])
    save_boosted(name, onnxmltools.convert_lightgbm, fitted, x, fitted.predict_proba(x[:40]), fitted.classes_)


for name in sys.argv[1:] or models:
    models[name](name)
